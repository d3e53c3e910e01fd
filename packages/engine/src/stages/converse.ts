import { Resampler } from "@parley/audio";
import { type Fact, messages, type RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { RealtimeModel, RealtimeSession, RealtimeSink } from "../ports/index.ts";
import { patiently, within } from "../remote/index.ts";
import { toFailure } from "./failure.ts";
import { SentenceCutter } from "./sentences.ts";
import type { SoundSink } from "./speak.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Sound that waits for the model to be connected: 10 s of 20 ms frames; the oldest is dropped. */
const MAX_WAITING = 500;
/** A model that could not be reached is left alone for this long. */
const REST_MS = 1_000;

/** The reply that the model is making. */
interface Making {
  replyId: string;
  resampler: Resampler;
  cutter: SentenceCutter;
  index: number;
  samples: number;
  /** Samples that belong to sentences already reported. */
  counted: number;
  step: number;
  began: boolean;
  /** The model has said all of this step. */
  ended: boolean;
}

/** A speech-to-speech model in the place of transcribe, think and speak: the same facts, from one source. */
export class Converse implements Stage {
  readonly #context: StageContext;
  readonly #model: RealtimeModel;
  readonly #sound: SoundSink;
  readonly #outHz: number;
  readonly #waiting: Int16Array[] = [];
  readonly #toolReplies = new Map<string, { theirs: string; replyId: string }>();
  #session: RealtimeSession | null = null;
  /** What the session's words are known by: those of one that was given up are nobody's. */
  #line: object | null = null;
  #opening: Promise<void> | null = null;
  #restUntil = 0;
  #closed = false;
  #stopWatch = () => {};
  #stopTurnEnd = () => {};
  #making: Making | null = null;
  #speaker: string | null = null;
  /** Committed and not yet transcribed: late transcripts belong to the oldest. */
  readonly #untold: { turnId: string; participantId: string }[] = [];

  constructor(context: StageContext, model: RealtimeModel, sound: SoundSink, outHz: number) {
    this.#context = context;
    this.#model = model;
    this.#sound = sound;
    this.#outHz = outHz;
  }

  /** Connects, unless it is connected or has just failed to. Never rejects: the call lives, and apologises. */
  open(): Promise<void> {
    if (this.#session || this.#closed || this.#context.clock.now() < this.#restUntil) return Promise.resolve();
    if (this.#opening) return this.#opening;
    const connecting = this.#connect();
    const line = this.#line;
    this.#opening = connecting.then(
      (session) => {
        this.#opening = null;
        // It was lost, or the call ended, before anybody had it.
        if (this.#line !== line) return session.close();
        this.#session = session;
        for (const frame of this.#waiting.splice(0)) session.push(frame);
      },
      (error) => {
        this.#opening = null;
        this.#line = null;
        if (this.#closed) return;
        this.#restUntil = this.#context.clock.now() + REST_MS;
        this.#wentWrong(error);
        this.#endTurn();
      },
    );
    return this.#opening;
  }

  async #connect(): Promise<RealtimeSession> {
    const { agent, clock, signal } = this.#context;
    const timeoutMs = agent.timeouts.firstTokenMs;
    const line = {};
    this.#line = line;
    const opening = this.#model.open(
      {
        instructions: this.#context.instructions(),
        language: this.#context.language(),
        tools: agent.tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
        ...(agent.voice === undefined ? {} : { voice: agent.voice }),
        messages: messages(this.#context.history()),
        signal,
      },
      this.#sink(line),
    );
    // One that opens when nobody waits for it any more is closed at once.
    opening.then((late) => (this.#line === line ? undefined : late.close())).catch(() => {});
    return await within(opening, {
      clock,
      signal,
      timeoutMs,
      timedOut: () => realtimeError(`${this.#model.name} did not connect within ${timeoutMs} ms`, "timeout"),
      cancelled: () => realtimeError("The call is over", "cancelled"),
    });
  }

  /** The hot path: 16 kHz mono. */
  audio(participantId: string, frame: Int16Array): void {
    this.#speaker ??= participantId;
    if (participantId !== this.#speaker || this.#closed) return;
    if (this.#session) this.#session.push(frame);
    else {
      if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
      this.#waiting.push(frame.slice());
    }
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "speech-started":
        void this.open();
        return;
      case "speech-ended":
        this.#endTurn();
        return;
      case "turn-committed":
        if (!this.#session)
          this.#waiting.length = 0; // nobody heard it; it is no part of the next one
        else if (fact.text === "") this.#untold.push({ turnId: fact.turnId, participantId: fact.participantId });
        return;
      case "reply-requested":
        if (fact.text === null) this.#begin(fact.replyId, state);
        return;
      case "tool-finished":
        this.#toolDone(fact.toolCallId, fact.result);
        return;
      case "tool-failed":
        this.#toolDone(fact.toolCallId, { error: fact.error.message });
        return;
      case "tool-cancelled":
        this.#toolDone(fact.toolCallId, { error: fact.reason });
        return;
      case "reply-continued":
        if (this.#making?.replyId === fact.replyId) {
          this.#making.step = fact.step;
          this.#making.ended = false;
          this.#session?.respond();
          this.#watch(this.#context.agent.timeouts.firstTokenMs);
        }
        return;
      case "reply-paused":
        // What was said of the sentence under way must be known before its history is cut.
        if (this.#making?.replyId === fact.replyId) this.#sentences(this.#making, this.#making.cutter.flush());
        return;
      case "reply-stopped":
        if (this.#making?.replyId === fact.replyId) this.#stopWatch();
        return;
      case "playback-stopped":
        this.#session?.truncate(fact.heardMs);
        return;
      case "reply-finished":
      case "reply-discarded":
        if (this.#making?.replyId === fact.replyId) this.#over();
        return;
      case "participant-left":
        if (this.#speaker === fact.participantId) this.#speaker = null;
        return;
      default:
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTurnEnd();
    this.#over();
    this.#drop();
    this.#waiting.length = 0;
  }

  #begin(replyId: string, state: RuleState): void {
    const resampler = new Resampler(this.#model.sampleRateHz, this.#outHz);
    const cutter = new SentenceCutter();
    const making: Making = {
      replyId,
      resampler,
      cutter,
      index: 0,
      samples: 0,
      counted: 0,
      step: 0,
      began: false,
      ended: false,
    };
    this.#over();
    this.#making = making;
    const cause = state.replies.active.find((reply) => reply.replyId === replyId)?.cause;
    const turn = state.turns.committed.find((one) => cause?.kind === "turn" && one.turnId === cause.turnId);
    void this.#ask(making, turn && turn.text !== "" ? turn.text : undefined);
  }

  async #ask(making: Making, text: string | undefined): Promise<void> {
    // What was said aloud a session that is opened now has not heard.
    if (!this.#session && text !== undefined) await this.open();
    if (this.#making !== making) return;
    if (!this.#session) return this.#failed(realtimeError(`${this.#model.name} is not connected`, "network"));
    this.#watch(this.#context.agent.timeouts.firstTokenMs);
    this.#session.respond(text);
  }

  /** The model has so long to its next sign of the reply; after that the session is given up, whatever it still says. */
  #watch(timeoutMs: number): void {
    this.#stopWatch();
    this.#stopWatch = patiently(this.#context.clock, timeoutMs, () => {
      this.#drop();
      this.#failed(realtimeError(`${this.#model.name} sent nothing of its reply for ${timeoutMs} ms`, "timeout"));
    });
  }

  /** No more of this reply is waited for, or taken. */
  #over(): void {
    this.#stopWatch();
    this.#making = null;
  }

  /** Without a session nobody else ends a turn: silence does. */
  #endTurn(): void {
    const { clock, agent, state, report } = this.#context;
    this.#stopTurnEnd();
    if (this.#session) return;
    this.#stopTurnEnd = clock.after(agent.settings.endpointing.maxMs, () => {
      const turn = state().turns.open.find(({ via }) => via === "speech");
      // While it connects it may still hear what was said; whoever speaks again ends later.
      if (!turn || this.#session || this.#opening || turn.segments.some(({ status }) => status === "speaking")) return;
      report({ type: "model-turn-ended", participantId: turn.participantId });
    });
  }

  #drop(): void {
    this.#line = null;
    this.#toolReplies.clear();
    this.#untold.length = 0;
    this.#session?.close();
    this.#session = null;
  }

  /** The end of the reply under way; of nothing else. */
  #failed(error: unknown): void {
    const making = this.#making;
    if (!making) {
      this.#wentWrong(error);
      return;
    }
    // What was said of it must be known: it is remembered.
    this.#sentences(making, making.cutter.flush());
    this.#over();
    const failure = toFailure(error, "realtime-failed");
    this.#context.report({ type: "reply-failed", replyId: making.replyId, stage: "realtime", error: failure });
  }

  #wentWrong(error: unknown): void {
    const failure = toFailure(error, "realtime-failed");
    this.#context.report({ type: "error-occurred", source: "realtime", error: failure, recoverable: true });
  }

  /** What the session says, as long as it is ours. */
  #sink(line: object): RealtimeSink {
    const sink = this.#events();
    const ours = <Args extends unknown[]>(tell: (...args: Args) => void) => {
      return (...args: Args) => {
        if (this.#line === line) tell(...args);
      };
    };
    return {
      speechStarted: ours(sink.speechStarted),
      speechEnded: ours(sink.speechEnded),
      turnEnded: ours(sink.turnEnded),
      transcript: ours(sink.transcript),
      audio: ours(sink.audio),
      text: ours(sink.text),
      toolCall: ours(sink.toolCall),
      replyEnded: ours(sink.replyEnded),
      failed: ours(sink.failed),
      lost: ours(sink.lost),
    };
  }

  #events(): RealtimeSink {
    const { report, agent } = this.#context;
    const speaker = () => this.#speaker ?? "";
    return {
      // Our own VAD speaks for barge-in; the model's only ends turns.
      speechStarted: () => {},
      speechEnded: () => {},
      turnEnded: () => report({ type: "model-turn-ended", participantId: speaker() }),
      transcript: (text) => this.#transcript(text),
      audio: (samples) => this.#audio(samples),
      text: (delta) => {
        const making = this.#making;
        if (!making) return;
        this.#watch(agent.timeouts.tokenMs);
        this.#first(making);
        this.#sentences(making, making.cutter.push(delta));
      },
      toolCall: ({ toolCallId, tool, args }) => {
        const making = this.#making;
        if (!making) return;
        // The tool's own time runs now.
        this.#stopWatch();
        const { replyId, step } = making;
        const known = agent.tools.find((candidate) => candidate.name === tool);
        const ours = `${replyId}.${step}.${toolCallId}`;
        this.#toolReplies.set(ours, { theirs: toolCallId, replyId });
        report({ type: "tool-called", replyId, step, toolCallId: ours, tool, args, effectful: !known?.readOnly });
      },
      replyEnded: (usage) => this.#ended(usage),
      failed: (error) => this.#failed(error),
      lost: (error) => {
        this.#drop();
        this.#failed(error);
        this.#endTurn();
      },
    };
  }

  #transcript(text: string): void {
    const told = this.#untold.shift();
    const open = this.#context.state().turns.open[0];
    const turn = told ?? (open && { turnId: open.turnId, participantId: open.participantId });
    if (!turn) return;
    this.#context.report({ type: "transcript-final", ...turn, segment: 0, text, understood: true, audioMs: 0 });
  }

  #first(making: Making): void {
    if (making.began) return;
    making.began = true;
    this.#context.report({ type: "reply-first-token", replyId: making.replyId });
  }

  #audio(samples: Int16Array): void {
    const making = this.#making;
    if (!making) return;
    this.#watch(this.#context.agent.timeouts.audioMs);
    this.#first(making);
    const sound = making.resampler.push(samples);
    if (making.samples === 0 && sound.length > 0)
      this.#context.report({ type: "speech-first-audio", replyId: making.replyId, index: 0 });
    making.samples += sound.length;
    this.#sound.audio(making.replyId, sound);
  }

  /** A sentence's sound is what came since the one before: the model sends both side by side. */
  #sentences(making: Making, sentences: readonly string[]): void {
    for (const text of sentences) {
      const { replyId } = making;
      const index = making.index++;
      const ms = ((making.samples - making.counted) / this.#outHz) * 1000;
      making.counted = making.samples;
      this.#context.report({ type: "reply-sentence", replyId, index, text });
      this.#context.report({ type: "speech-made", replyId, index, ms });
    }
  }

  #ended(usage: { inputTokens: number; outputTokens: number } | undefined): void {
    const making = this.#making;
    if (!making) return;
    this.#stopWatch();
    making.ended = true;
    const { replyId, step } = making;
    const rest = making.resampler.flush();
    making.samples += rest.length;
    this.#sound.audio(replyId, rest);
    this.#sentences(making, making.cutter.flush());
    if (usage)
      this.#context.report({ type: "usage-reported", stage: "realtime", model: this.#model.name, replyId, ...usage });
    this.#context.report({ type: "reply-text-ended", replyId, step, finishReason: "stop" });
  }

  #toolDone(toolCallId: string, result: unknown): void {
    const call = this.#toolReplies.get(toolCallId);
    if (!call) return;
    this.#toolReplies.delete(toolCallId);
    this.#session?.toolResult(call.theirs, result);
    const isLast = ![...this.#toolReplies.values()].some(({ replyId }) => replyId === call.replyId);
    const making = this.#making;
    if (isLast && making?.replyId === call.replyId && !making.ended)
      this.#watch(this.#context.agent.timeouts.firstTokenMs);
  }
}

function realtimeError(message: string, category: "timeout" | "cancelled" | "network"): ParleyError {
  return new ParleyError(message, { code: `realtime-${category}`, category, retryable: category !== "cancelled" });
}
