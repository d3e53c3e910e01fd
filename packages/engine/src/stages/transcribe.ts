import { concat, SampleRing } from "@parley/audio";
import type { Fact, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import { HEARING_RATE_HZ, type SttResult, type SttSession, type SttUtterance } from "../ports/index.ts";
import { within } from "../remote/index.ts";
import { isCancelled, toFailure } from "./failure.ts";
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
  kept: Int16Array[];
  keptMs: number;
  listening: boolean;
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
    for (const utterance of this.#utterances.values())
      if (utterance.listening && utterance.participantId === participantId) push(utterance, frame);
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "speech-started": {
        const turn = state.turns.open.find(
          (open) => open.participantId === fact.participantId && open.via === "speech",
        );
        if (turn) this.#begin(fact.participantId, turn.turnId, turn.segments.length - 1, fact.at - fact.startMs);
        return;
      }
      case "transcript-requested":
        void this.#finish(`${fact.turnId}:${fact.segment}`, fact.turnId, fact.segment);
        return;
      case "participant-left":
        this.#rings.delete(fact.participantId);
        return;
      case "language-changed":
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
    const key = `${turnId}:${segment}`;
    if (this.#utterances.has(key) || !this.#context.agent.stt) return;
    if (this.#utterances.size >= MAX_OPEN) this.#drop(this.#utterances.keys().next().value as string);
    const before = Math.ceil((agoMs + this.#context.agent.hearing.preRollMs) * SAMPLES_PER_MS);
    const preRoll = this.#ring(participantId).takeLast(before);
    const session = this.#open();
    const stt = session.utterance((text) =>
      this.#context.report({ type: "transcript-interim", participantId, turnId, segment, text }),
    );
    const utterance = { participantId, turnId, segment, session, stt, kept: [], keptMs: 0, listening: true };
    this.#utterances.set(key, utterance);
    push(utterance, preRoll);
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

  async #finish(key: string, turnId: string, segment: number): Promise<void> {
    const utterance = this.#utterances.get(key);
    const participantId = utterance?.participantId ?? "";
    if (!utterance) {
      const error = new ParleyError("There is no speech to text for this agent, or its sound is gone", {
        code: "stt-no-sound",
        category: "internal",
      });
      this.#context.report({
        type: "transcript-failed",
        participantId,
        turnId,
        segment,
        error: toFailure(error, "stt"),
      });
      return;
    }
    utterance.listening = false;
    const audioMs = Math.round(utterance.keptMs);
    try {
      const result = await this.#transcribe(utterance);
      const { words, confidence, language } = result;
      const model = this.#context.agent.stt?.name ?? "";
      this.#context.report({
        type: "transcript-final",
        participantId,
        turnId,
        segment,
        text: result.text.slice(0, 8_000),
        understood: result.understood,
        audioMs,
        ...(confidence === undefined ? {} : { confidence }),
        ...(language === undefined ? {} : { language }),
        ...(words === undefined ? {} : { words: words.map((word) => ({ ...word })) }),
      });
      this.#context.report({ type: "usage-reported", stage: "stt", model, audioMs });
    } catch (error) {
      if (this.#context.signal.aborted || (isCancelled(error) && !this.#utterances.has(key))) return;
      this.#context.report({
        type: "transcript-failed",
        participantId,
        turnId,
        segment,
        error: toFailure(error, "stt-failed"),
      });
    } finally {
      this.#drop(key);
    }
  }

  async #transcribe(utterance: Utterance): Promise<SttResult> {
    const { clock } = this.#context;
    const startedAt = clock.now();
    try {
      return await this.#wait(utterance.stt);
    } catch (error) {
      const again = error instanceof ParleyError && error.retryable && clock.now() - startedAt < RETRY_WITHIN_MS;
      if (!again || this.#context.signal.aborted) throw error;
      this.#context.logger.warn({ error: error.code }, "transcription failed; trying once more");
      utterance.stt.cancel();
      utterance.stt = utterance.session.utterance();
      utterance.stt.push(concat(utterance.kept));
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

function push(utterance: Utterance, frame: Int16Array): void {
  utterance.stt.push(frame);
  if (utterance.keptMs >= MAX_KEPT_MS) return;
  utterance.kept.push(frame.slice());
  utterance.keptMs += frame.length / SAMPLES_PER_MS;
}
