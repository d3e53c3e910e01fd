import type { Fact, RuleState } from "@parley/conversation";
import { HEARING_RATE_HZ, type VadStream } from "../ports/index.ts";
import { EchoGuard } from "./echo-guard.ts";
import { type FarEnd, PIECE_MS } from "./far-end.ts";
import { Hush } from "./hush.ts";
import type { Stage, StageContext } from "./stage.ts";

const SAMPLES_PER_MS = HEARING_RATE_HZ / 1000;
/** Below the threshold by this much is silence: one probability can't flicker between the two. */
const HYSTERESIS = 0.15;
/** Who has just paused is believed sooner to go on than a new sound to be speech. */
const GOES_ON_MS = 64;
/** A stretch that is longer is not taken up again: it would be transcribed as a whole once more, at every pause. */
const LONGEST_JOINED_MS = 12_000;

/** A sound that is shorter is a click. */
const STIRS_MS = 16;

/** Listens to every person: cuts sound into speech and pauses. */
export class Hear implements Stage {
  readonly #context: StageContext;
  readonly #far: FarEnd;
  readonly #ears = new Map<string, Ear>();

  constructor(context: StageContext, far: FarEnd) {
    this.#context = context;
    this.#far = far;
  }

  /** The hot path: 16 kHz mono. */
  audio(participantId: string, frame: Int16Array): void {
    this.#ears.get(participantId)?.push(frame);
  }

  /** Makes a sound at this moment of which it is not yet known whether it is speech. */
  stirs(participantId: string): boolean {
    return this.#ears.get(participantId)?.stirs ?? false;
  }

  /** How much of what this person has sounded since the last word was not heard yet, ms: an ear may lag behind a busy machine. */
  behindMs(participantId: string): number {
    return this.#ears.get(participantId)?.behindMs ?? 0;
  }

  react(fact: Fact, _state: RuleState): void {
    if (fact.type === "participant-joined" && fact.kind !== "agent" && !this.#ears.has(fact.participantId))
      this.#ears.set(fact.participantId, new Ear(fact.participantId, this.#context, this.#far));
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
  readonly #hush = new Hush((rms) => this.#piece(rms));
  readonly #echo: EchoGuard;
  readonly #line = new LineTime();
  /** Of each window that is not judged yet: nothing in it but the agent's own voice. */
  readonly #echoes: boolean[] = [];
  #pieces = 0;
  #onlyEcho = true;
  #isEcho = false;
  readonly #windowMs: number;
  readonly #onWindow = (probability: number) => this.#window(probability);
  #pushedMs = 0;
  #judgedMs = 0;
  #speaking = false;
  #voicedMs = 0;
  #silentMs = 0;
  #lastVoicedAtMs = 0;
  /** When in the call the last stretch ended. */
  #endedAtMs: number | null = null;
  /** Of the present or last stretch of speech, in its own time and in the call's. */
  #stretch = { fromMs: 0, untilMs: Number.NEGATIVE_INFINITY, startMs: 0 };

  constructor(participantId: string, context: StageContext, far: FarEnd) {
    this.#participantId = participantId;
    this.#context = context;
    this.#echo = new EchoGuard(far);
    this.#vad = context.agent.vad.open();
    this.#windowMs = context.agent.vad.windowSamples / SAMPLES_PER_MS;
  }

  get stirs(): boolean {
    return !this.#speaking && !this.#isEcho && this.#hush.loudMs >= STIRS_MS;
  }

  get behindMs(): number {
    if (this.#speaking || this.#endedAtMs === null) return 0;
    const heardMs = this.#judgedMs - this.#stretch.untilMs;
    return Math.max(0, this.#context.now() - this.#endedAtMs - heardMs);
  }

  push(frame: Int16Array): void {
    this.#pushedMs += frame.length / SAMPLES_PER_MS;
    this.#line.came(this.#context.now(), this.#pushedMs);
    this.#hush.push(frame);
    this.#vad.push(frame, this.#onWindow);
  }

  close(): void {
    this.#vad.close();
    if (this.#speaking) this.#ended();
  }

  #piece(rms: number): void {
    const piece = Math.floor(this.#line.timeOf(this.#pieces++ * PIECE_MS) / PIECE_MS);
    this.#echo.hears(piece, rms);
    this.#isEcho = this.#echo.isEcho(piece, rms);
    this.#onlyEcho &&= this.#isEcho;
    if ((this.#pieces * PIECE_MS) % this.#windowMs !== 0) return;
    this.#echoes.push(this.#onlyEcho);
    this.#onlyEcho = true;
  }

  #window(probability: number): void {
    const { threshold, pauseMs } = this.#context.agent.hearing;
    const windowMs = this.#windowMs;
    this.#judgedMs += windowMs;
    // The line's end may have been pushed, but not judged.
    const quietMs = Math.max(0, this.#judgedMs - (this.#pushedMs - this.#hush.ms));
    const isEcho = this.#echoes.shift() ?? false;
    if (isEcho || quietMs >= windowMs || probability < threshold - HYSTERESIS) {
      this.#silentMs += windowMs;
      // Single silent windows happen inside speech; two end a beginning.
      if (!this.#speaking && this.#silentMs > windowMs) this.#voicedMs = 0;
    } else if (probability >= threshold) {
      this.#voicedMs += windowMs;
      this.#silentMs = 0;
      this.#lastVoicedAtMs = this.#judgedMs - quietMs;
    }
    if (!this.#speaking) this.#begin();
    else if (this.#silentMs >= pauseMs || quietMs >= pauseMs) this.#ended();
  }

  #begin(): void {
    const { startMs, joinMs } = this.#context.agent.hearing;
    const fromMs = this.#judgedMs - this.#voicedMs - this.#silentMs;
    const stretch = this.#stretch;
    const goesOn = fromMs - stretch.untilMs <= joinMs && stretch.untilMs - stretch.fromMs <= LONGEST_JOINED_MS;
    if (this.#voicedMs < (goesOn ? Math.min(startMs, GOES_ON_MS) : startMs)) return;
    this.#speaking = true;
    const at = this.#timeOf(fromMs);
    if (!goesOn) this.#stretch = { fromMs, untilMs: fromMs, startMs: at };
    const resumes = goesOn ? { resumesMs: stretch.startMs } : {};
    this.#context.report({ type: "speech-started", participantId: this.#participantId, startMs: at, ...resumes });
  }

  #ended(): void {
    this.#speaking = false;
    this.#voicedMs = 0;
    this.#stretch.untilMs = this.#lastVoicedAtMs;
    const endMs = this.#timeOf(this.#lastVoicedAtMs);
    this.#endedAtMs = endMs;
    this.#context.report({ type: "speech-ended", participantId: this.#participantId, endMs });
  }

  /** When in the call a moment of this sound was; what was pushed last came now. */
  #timeOf(soundMs: number): number {
    return Math.max(0, this.#context.now() - (this.#pushedMs - soundMs));
  }
}

/** Its own time of a line that comes in frames, now late, now several at once: the least delay of late is the true one. */
class LineTime {
  #offsetMs = Number.POSITIVE_INFINITY;

  came(nowMs: number, pushedMs: number): void {
    const offsetMs = nowMs - pushedMs;
    const isBroken = offsetMs - this.#offsetMs > BROKEN_MS;
    this.#offsetMs = isBroken ? offsetMs : Math.min(offsetMs, this.#offsetMs + DRIFT_MS);
  }

  /** The call's, of a moment of this sound. */
  timeOf(soundMs: number): number {
    return this.#offsetMs + soundMs;
  }
}

/** More than this is missing for good. */
const BROKEN_MS = 400;
/** Per frame: clocks differ, and a network's delay rises. */
const DRIFT_MS = 0.5;
