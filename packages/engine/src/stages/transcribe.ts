import { concat, SampleRing } from "@parley/audio";
import type { Fact, FactOf, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import { HEARING_RATE_HZ, type SttResult, type SttSession, type SttUtterance } from "../ports/index.ts";
import { pause, retryDelayMs, within } from "../remote/index.ts";
import { toFailure } from "./failure.ts";
import type { Stage, StageContext } from "./stage.ts";

const SAMPLES_PER_MS = HEARING_RATE_HZ / 1000;
/** Kept of an utterance, so that a failed transcription can be tried once more. */
const MAX_KEPT_MS = 60_000;
/** A first try that failed later than this is not repeated: the person has waited long enough. */
const RETRY_WITHIN_MS = 3_000;
/** Utterances under way at once in one call; the oldest is given up. */
const MAX_OPEN = 16;

interface Utterance {
  participantId: string;
  turnId: string;
  segment: number;
  session: SttSession;
  stt: SttUtterance;
  /** Its sound: for a second try, and for the case that what seemed its end was a pause. */
  kept: Int16Array[];
  keptMs: number;
  /** How often it went on after its transcript had been asked for. */
  take: number;
  state: "listening" | "asked" | "told";
}

/** Speech to text: one utterance for every stretch of speech, its beginning included. */
export class Transcribe implements Stage {
  readonly #context: StageContext;
  readonly #rings = new Map<string, SampleRing>();
  /** By `turnId:segment`. */
  readonly #utterances = new Map<string, Utterance>();
  #session: SttSession | null = null;

  constructor(context: StageContext) {
    this.#context = context;
  }

  /** The hot path: 16 kHz mono. */
  audio(participantId: string, frame: Int16Array): void {
    this.#ring(participantId).write(frame);
    for (const utterance of this.#utterances.values()) {
      if (utterance.participantId !== participantId) continue;
      if (utterance.state === "listening") utterance.stt.push(frame);
      keep(utterance, frame);
    }
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "speech-started": {
        const turn = state.turns.open.find(
          (open) => open.participantId === fact.participantId && open.via === "speech",
        );
        if (!turn) return;
        const { turnId, segments } = turn;
        const last = this.#utterances.get(keyOf(turnId, segments.length - 1));
        if (last && fact.resumesMs !== undefined) this.#goOn(last);
        else this.#begin(fact.participantId, turnId, segments.length - 1, fact.at - fact.startMs);
        return;
      }
      case "transcript-requested":
        void this.#finish(fact);
        return;
      case "participant-left":
        this.#rings.delete(fact.participantId);
        return;
      case "language-changed":
      case "agent-changed":
        this.#retire();
        return;
      case "turn-committed":
        for (const [key, utterance] of this.#utterances) if (utterance.turnId === fact.turnId) this.#drop(key);
        return;
      default:
    }
  }

  close(): void {
    for (const key of this.#utterances.keys()) this.#drop(key);
    this.#session?.close();
    this.#session = null;
    this.#rings.clear();
  }

  #ring(participantId: string): SampleRing {
    let ring = this.#rings.get(participantId);
    if (!ring) {
      // Pre-roll, and what passes until the VAD is sure.
      const { preRollMs, startMs } = this.#context.agent.hearing;
      ring = new SampleRing((preRollMs + startMs + 500) * SAMPLES_PER_MS);
      this.#rings.set(participantId, ring);
    }
    return ring;
  }

  #begin(participantId: string, turnId: string, segment: number, agoMs: number): void {
    const key = keyOf(turnId, segment);
    if (this.#utterances.has(key) || !this.#context.agent.stt) return;
    // What was told of earlier stretches stands: this one does not go on with them.
    for (const [other, { participantId: of, state }] of this.#utterances)
      if (of === participantId && state === "told") this.#drop(other);
    if (this.#utterances.size >= MAX_OPEN) this.#drop(this.#utterances.keys().next().value as string);
    const before = Math.ceil((agoMs + this.#context.agent.hearing.preRollMs) * SAMPLES_PER_MS);
    const preRoll = this.#ring(participantId).takeLast(before);
    const session = this.#open();
    const stt = session.utterance(this.#interims(participantId, turnId, segment));
    const utterance: Utterance = {
      participantId,
      turnId,
      segment,
      session,
      stt,
      kept: [],
      keptMs: 0,
      take: 0,
      state: "listening",
    };
    this.#utterances.set(key, utterance);
    stt.push(preRoll);
    keep(utterance, preRoll);
  }

  /** Its end was a pause: it is heard anew, from its beginning, the pause included. */
  #goOn(utterance: Utterance): void {
    if (utterance.state === "listening") return;
    const { participantId, turnId, segment, keptMs } = utterance;
    utterance.stt.cancel();
    // Asked for in vain, and most likely to be paid for all the same.
    if (utterance.state === "asked") this.#used(keptMs);
    utterance.take++;
    utterance.state = "listening";
    utterance.stt = utterance.session.utterance(this.#interims(participantId, turnId, segment));
    utterance.stt.push(concat(utterance.kept));
  }

  #interims(participantId: string, turnId: string, segment: number): (text: string) => void {
    return (text) => this.#context.report({ type: "transcript-interim", participantId, turnId, segment, text });
  }

  #used(audioMs: number): void {
    const model = this.#context.agent.stt?.name ?? "";
    this.#context.report({ type: "usage-reported", stage: "stt", model, audioMs: Math.round(audioMs) });
  }

  #open(): SttSession {
    const { agent, signal } = this.#context;
    this.#session ??= agent.stt!.open({ language: this.#context.language(), phrases: agent.phrases, signal });
    return this.#session;
  }

  /** What is being said is finished in the language it began in; what is said next is heard in the new one. */
  #retire(): void {
    const session = this.#session;
    this.#session = null;
    if (session) this.#closeUnused(session);
  }

  #closeUnused(session: SttSession): void {
    if (session === this.#session) return;
    for (const utterance of this.#utterances.values()) if (utterance.session === session) return;
    session.close();
  }

  async #finish({ turnId, segment, take = 0 }: FactOf<"transcript-requested">): Promise<void> {
    const utterance = this.#utterances.get(keyOf(turnId, segment));
    const participantId = utterance?.participantId ?? "";
    const place = { participantId, turnId, segment, ...(take > 0 ? { take } : {}) };
    if (!utterance || utterance.take !== take) {
      const error = new ParleyError("There is no speech to text for this agent, or its sound is gone", {
        code: "stt-no-sound",
        category: "internal",
      });
      this.#context.report({ type: "transcript-failed", ...place, error: toFailure(error, "stt") });
      return;
    }
    const isCurrent = () => this.#utterances.get(keyOf(turnId, segment)) === utterance && utterance.take === take;
    utterance.state = "asked";
    const audioMs = Math.round(utterance.keptMs);
    try {
      const { text, understood, words, confidence, language } = await this.#transcribe(utterance, isCurrent);
      if (!isCurrent()) return;
      utterance.state = "told";
      this.#context.report({
        type: "transcript-final",
        ...place,
        text: text.slice(0, 8_000),
        understood,
        audioMs,
        ...(confidence === undefined ? {} : { confidence }),
        ...(language === undefined ? {} : { language }),
        ...(words === undefined ? {} : { words: words.map((word) => ({ ...word })) }),
      });
      this.#used(audioMs);
    } catch (error) {
      if (this.#context.signal.aborted || !isCurrent()) return;
      utterance.state = "told";
      this.#context.report({ type: "transcript-failed", ...place, error: toFailure(error, "stt-failed") });
    } finally {
      if (isCurrent()) utterance.stt.cancel();
    }
  }

  async #transcribe(utterance: Utterance, isCurrent: () => boolean): Promise<SttResult> {
    const { clock, signal } = this.#context;
    const startedAt = clock.now();
    // What is kept from now on is for the case that it goes on, and belongs to whatever is said next.
    const asked = utterance.kept.length;
    try {
      return await this.#wait(utterance.stt);
    } catch (error) {
      const delayMs = retryDelayMs(error);
      const dropped = () => signal.aborted || !isCurrent();
      if (delayMs === null || clock.now() - startedAt > RETRY_WITHIN_MS || dropped()) throw error;
      const failure = toFailure(error, "stt-failed");
      this.#context.logger.warn({ error: failure }, "transcription failed; trying once more");
      this.#context.report({ type: "error-occurred", source: "stt", error: failure, recoverable: true });
      await pause(clock, delayMs, signal);
      if (dropped()) throw error;
      utterance.stt.cancel();
      utterance.stt = utterance.session.utterance();
      utterance.stt.push(concat(utterance.kept.slice(0, asked)));
      return await this.#wait(utterance.stt);
    }
  }

  #wait(stt: SttUtterance): Promise<SttResult> {
    const { clock, signal, agent } = this.#context;
    const name = agent.stt?.name ?? "";
    return within(stt.finish(signal), {
      clock,
      signal,
      timeoutMs: agent.timeouts.sttMs,
      timedOut: () =>
        new ParleyError(`${name} gave no transcript within ${agent.timeouts.sttMs} ms`, {
          code: "stt-timeout",
          category: "timeout",
        }),
      cancelled: () => new ParleyError("The call is over", { code: "stt-cancelled", category: "cancelled" }),
    });
  }

  #drop(key: string): void {
    const utterance = this.#utterances.get(key);
    if (!utterance) return;
    utterance.stt.cancel();
    this.#utterances.delete(key);
    this.#closeUnused(utterance.session);
  }
}

function keyOf(turnId: string, segment: number): string {
  return `${turnId}:${segment}`;
}

function keep(utterance: Utterance, frame: Int16Array): void {
  if (utterance.keptMs >= MAX_KEPT_MS) return;
  utterance.kept.push(frame.slice());
  utterance.keptMs += frame.length / SAMPLES_PER_MS;
}
