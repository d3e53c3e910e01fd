import { Resampler } from "@parley/audio";
import { CHANNELS, FRAME_MS, FRAME_SAMPLES, RATE_HZ } from "../format.ts";
import { Pace } from "./pace.ts";
import { Track } from "./track.ts";

/** A line that was silent for longer begins anew. */
const FAR_MS = 1_000;
/** The agent's sound is given as it is sent: what does not follow is another reply. */
const AGENT_FAR_MS = 60;
/** What comes later than that is left out; the file is so far behind the call. */
const SETTLE_MS = 400;

/**
 * What a call sounds like, put together from frames that come as they come: everybody who calls on the left, the agent on
 * the right, each at its place in the call's time. Times are the call's, in ms.
 */
export class Timeline {
  readonly startMs: number;
  readonly #callers: Track;
  readonly #agent: Track;
  readonly #paces = new Map<string, Pace>();
  readonly #agentPace = new Pace(AGENT_FAR_MS);
  readonly #resampler: Resampler;
  readonly #agentRateHz: number;
  readonly #frame = new Int16Array(FRAME_SAMPLES * CHANNELS);
  /** Where the agent's next sample lies, before and after the resampler. */
  #agentEndMs = Number.NaN;
  #agentOutMs = 0;
  #takenMs: number;

  /** Begins at `fromMs`, rounded down to a frame's place, so that the frames of several processes fit together. */
  constructor(fromMs: number, agentRateHz: number) {
    this.startMs = Math.floor(fromMs / FRAME_MS) * FRAME_MS;
    this.#takenMs = this.startMs;
    this.#callers = new Track(this.startMs);
    this.#agent = new Track(this.startMs);
    this.#agentRateHz = agentRateHz;
    this.#resampler = new Resampler(agentRateHz, RATE_HZ);
  }

  /** A frame of 16 kHz that somebody's line brought at `nowMs`. */
  hears(participantId: string, nowMs: number, samples: Int16Array): void {
    const lengthMs = (samples.length * 1000) / RATE_HZ;
    const pace = this.#paces.get(participantId) ?? new Pace(FAR_MS);
    this.#paces.set(participantId, pace);
    const atMs = pace.place(nowMs - lengthMs, lengthMs);
    if (atMs !== null) this.#callers.add(atMs, samples);
  }

  left(participantId: string): void {
    this.#paces.delete(participantId);
  }

  /** The agent's voice at its own rate: this will sound from `atMs` on. */
  sounds(atMs: number, samples: Int16Array): void {
    const lengthMs = (samples.length * 1000) / this.#agentRateHz;
    const placedMs = this.#agentPace.place(atMs, lengthMs);
    if (placedMs === null) return;
    if (placedMs !== this.#agentEndMs) {
      // Another reply: what the resampler still held belongs to the one before.
      this.#agentOut(this.#resampler.flush());
      this.#agentOutMs = placedMs;
    }
    this.#agentEndMs = placedMs + lengthMs;
    this.#agentOut(this.#resampler.push(samples));
  }

  /** What of the agent was to sound from now on will not. */
  cleared(nowMs: number): void {
    this.#resampler.flush();
    this.#agent.clear(nowMs);
    this.#agentPace.restart();
    this.#agentEndMs = Number.NaN;
  }

  /** Gives every frame that can't change any more; each is valid during the call only. `all`: those that could, too. */
  take(nowMs: number, give: (frame: Int16Array) => void, all = false): void {
    const untilMs = all ? nowMs : nowMs - SETTLE_MS;
    while (this.#takenMs + FRAME_MS <= untilMs) {
      this.#callers.take(this.#frame, 0, CHANNELS);
      this.#agent.take(this.#frame, 1, CHANNELS);
      this.#takenMs += FRAME_MS;
      give(this.#frame);
    }
  }

  #agentOut(samples: Int16Array): void {
    this.#agent.add(this.#agentOutMs, samples);
    this.#agentOutMs += (samples.length * 1000) / RATE_HZ;
  }
}
