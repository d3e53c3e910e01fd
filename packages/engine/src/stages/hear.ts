import type { Fact, RuleState } from "@parley/conversation";
import { HEARING_RATE_HZ, type VadStream } from "../ports/index.ts";
import type { Stage, StageContext } from "./stage.ts";

const SAMPLES_PER_MS = HEARING_RATE_HZ / 1000;
/** Below the threshold by this much is silence: one probability can't flicker between the two. */
const HYSTERESIS = 0.15;

/** Listens to every person: cuts sound into speech and pauses. */
export class Hear implements Stage {
  readonly #context: StageContext;
  readonly #ears = new Map<string, Ear>();

  constructor(context: StageContext) {
    this.#context = context;
  }

  /** The hot path: 16 kHz mono. */
  audio(participantId: string, frame: Int16Array): void {
    this.#ears.get(participantId)?.push(frame);
  }

  react(fact: Fact, _state: RuleState): void {
    if (fact.type === "participant-joined" && fact.kind !== "agent" && !this.#ears.has(fact.participantId))
      this.#ears.set(fact.participantId, new Ear(fact.participantId, this.#context));
    if (fact.type === "participant-left") {
      this.#ears.get(fact.participantId)?.close();
      this.#ears.delete(fact.participantId);
    }
  }

  close(): void {
    for (const ear of this.#ears.values()) ear.close();
    this.#ears.clear();
  }
}

/** One person's sound. Times are counted in samples: they don't shake with the event loop. */
class Ear {
  readonly #participantId: string;
  readonly #context: StageContext;
  readonly #vad: VadStream;
  readonly #windowMs: number;
  readonly #onWindow = (probability: number) => this.#window(probability);
  #pushedMs = 0;
  #judgedMs = 0;
  #speaking = false;
  #voicedMs = 0;
  #silentMs = 0;
  #lastVoicedAtMs = 0;

  constructor(participantId: string, context: StageContext) {
    this.#participantId = participantId;
    this.#context = context;
    this.#vad = context.agent.vad.open();
    this.#windowMs = context.agent.vad.windowSamples / SAMPLES_PER_MS;
  }

  push(frame: Int16Array): void {
    this.#pushedMs += frame.length / SAMPLES_PER_MS;
    this.#vad.push(frame, this.#onWindow);
  }

  close(): void {
    this.#vad.close();
    if (this.#speaking) this.#report("speech-ended", 0);
    this.#speaking = false;
  }

  #window(probability: number): void {
    const { threshold, startMs, pauseMs } = this.#context.agent.hearing;
    this.#judgedMs += this.#windowMs;
    if (probability >= threshold) {
      this.#voicedMs += this.#windowMs;
      this.#silentMs = 0;
      this.#lastVoicedAtMs = this.#judgedMs;
    } else if (probability < threshold - HYSTERESIS) {
      this.#silentMs += this.#windowMs;
      // Single silent windows happen inside speech; two end a beginning.
      if (!this.#speaking && this.#silentMs > this.#windowMs) this.#voicedMs = 0;
    }
    if (!this.#speaking && this.#voicedMs >= startMs) {
      this.#speaking = true;
      this.#report("speech-started", this.#voicedMs + this.#silentMs);
    } else if (this.#speaking && this.#silentMs >= pauseMs) {
      this.#speaking = false;
      this.#voicedMs = 0;
      this.#report("speech-ended", this.#judgedMs - this.#lastVoicedAtMs);
    }
  }

  /** `agoMs` before the window that was just judged; what was pushed and not yet judged is later still. */
  #report(type: "speech-started" | "speech-ended", agoMs: number): void {
    const participantId = this.#participantId;
    const at = Math.max(0, this.#context.now() - agoMs - (this.#pushedMs - this.#judgedMs));
    this.#context.report(
      type === "speech-started" ? { type, participantId, startMs: at } : { type, participantId, endMs: at },
    );
  }
}
