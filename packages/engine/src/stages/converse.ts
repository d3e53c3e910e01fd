import { Resampler } from "@parley/audio";
import type { Fact, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { RealtimeModel, RealtimeSession, RealtimeSink } from "../ports/index.ts";
import { within } from "../remote/index.ts";
import { toFailure } from "./failure.ts";
import { SentenceCutter } from "./sentences.ts";
import type { SoundSink } from "./speak.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Sound that waits for the model to be connected: 10 s of 20 ms frames; the oldest is dropped. */
const MAX_WAITING = 500;

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
  #closed = false;
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

  async open(): Promise<void> {
    const { agent, clock, signal } = this.#context;
    const timeoutMs = agent.timeouts.firstTokenMs;
    const opening = this.#model.open(
      {
        instructions: this.#context.instructions(),
        language: this.#context.language(),
        tools: agent.tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
        ...(agent.voice === undefined ? {} : { voice: agent.voice }),
        signal,
      },
      this.#sink(),
    );
    // One that opens when nobody waits any more is closed at once.
    opening.then((late) => this.#session === null && this.#closed && late.close()).catch(() => {});
    this.#session = await within(opening, {
      clock,
      signal,
      timeoutMs,
      timedOut: () => realtimeError(`${this.#model.name} did not connect within ${timeoutMs} ms`, "timeout"),
      cancelled: () => realtimeError("The call is over", "cancelled"),
    });
    for (const frame of this.#waiting.splice(0)) this.#session.push(frame);
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
      case "turn-committed":
        if (fact.text === "") this.#untold.push({ turnId: fact.turnId, participantId: fact.participantId });
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
          this.#session?.respond();
        }
        return;
      case "reply-paused":
        // What was said of the sentence under way must be known before its history is cut.
        if (this.#making?.replyId === fact.replyId) this.#sentences(this.#making, this.#making.cutter.flush());
        return;
      case "playback-stopped":
        this.#session?.truncate(fact.heardMs);
        return;
      case "reply-finished":
      case "reply-discarded":
        if (this.#making?.replyId === fact.replyId) this.#making = null;
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
    this.#session?.close();
    this.#session = null;
    this.#making = null;
    this.#waiting.length = 0;
  }

  #begin(replyId: string, state: RuleState): void {
    if (!this.#session) {
      const error = toFailure(realtimeError(`${this.#model.name} is not connected`, "network"), "realtime-away");
      this.#context.report({ type: "reply-failed", replyId, stage: "realtime", error });
      return;
    }
    const resampler = new Resampler(this.#model.sampleRateHz, this.#outHz);
    const cutter = new SentenceCutter();
    this.#making = { replyId, resampler, cutter, index: 0, samples: 0, counted: 0, step: 0, began: false };
    const cause = state.replies.active.find((reply) => reply.replyId === replyId)?.cause;
    const turn = state.turns.committed.find((one) => cause?.kind === "turn" && one.turnId === cause.turnId);
    this.#session.respond(turn && turn.text !== "" ? turn.text : undefined);
  }

  #sink(): RealtimeSink {
    const report = this.#context.report;
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
        this.#first(making);
        this.#sentences(making, making.cutter.push(delta));
      },
      toolCall: ({ toolCallId, tool, args }) => {
        const making = this.#making;
        if (!making) return;
        const { replyId, step } = making;
        const known = this.#context.agent.tools.find((candidate) => candidate.name === tool);
        const ours = `${replyId}.${step}.${toolCallId}`;
        this.#toolReplies.set(ours, { theirs: toolCallId, replyId });
        report({ type: "tool-called", replyId, step, toolCallId: ours, tool, args, effectful: !known?.readOnly });
      },
      replyEnded: (usage) => this.#ended(usage),
      failed: (error) => {
        const replyId = this.#making?.replyId;
        const failure = toFailure(error, "realtime-failed");
        if (replyId) report({ type: "reply-failed", replyId, stage: "realtime", error: failure });
        else report({ type: "error-occurred", source: "realtime", error: failure, recoverable: failure.retryable });
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
  }
}

function realtimeError(message: string, category: "timeout" | "cancelled" | "network"): ParleyError {
  return new ParleyError(message, { code: `realtime-${category}`, category, retryable: category !== "cancelled" });
}
