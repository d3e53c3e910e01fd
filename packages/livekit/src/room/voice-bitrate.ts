import type { Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import type { Quality } from "./connection-quality.ts";

/** Of the agent's voice while a connection is poor: still clear speech, and with its packets' headers half of what 80,000 takes. */
export const POOR_BITRATE_BPS = 24_000;
/** So long must all be well again. */
const WELL_FOR_MS = 60_000;
/** In one call. Each is a new track for the listeners. */
const MOST_CHANGES = 4;
/** So long has the agent been silent. */
const QUIET_FOR_MS = 1_000;

export interface VoiceBitrateOptions {
  normalBps: number;
  clock: Clock;
  log: Log;
  /** Resolves when the voice is heard at this bitrate. */
  change(bitrateBps: number): Promise<void>;
}

/** Lowers the bitrate of the agent's voice while a connection is poor; only in a pause of the agent's, and not often. */
export class VoiceBitrate {
  readonly #options: VoiceBitrateOptions;
  #current: number;
  #changes = 0;
  #changing = false;
  #quietSince: number | null = null;
  #wellSince: number | null = null;

  constructor(options: VoiceBitrateOptions) {
    this.#options = options;
    this.#current = options.normalBps;
  }

  /** Whether the agent says nothing and is about to say nothing. */
  quiet(isQuiet: boolean): void {
    if (!isQuiet) this.#quietSince = null;
    else this.#quietSince ??= this.#options.clock.now();
  }

  /** The worst of all connections, looked at every few seconds. */
  look(worst: Quality): void {
    const now = this.#options.clock.now();
    if (worst === "excellent" || worst === "good") this.#wellSince ??= now;
    else this.#wellSince = null;
    const wanted = this.#wanted(worst, now);
    if (wanted === this.#current || this.#changing || this.#changes >= MOST_CHANGES) return;
    if (this.#quietSince === null || now - this.#quietSince < QUIET_FOR_MS) return;
    void this.#change(wanted);
  }

  #wanted(worst: Quality, now: number): number {
    const { normalBps } = this.#options;
    if (worst === "poor") return Math.min(normalBps, POOR_BITRATE_BPS);
    return this.#wellSince !== null && now - this.#wellSince >= WELL_FOR_MS ? normalBps : this.#current;
  }

  async #change(bitrateBps: number): Promise<void> {
    const { log, change } = this.#options;
    this.#changing = true;
    this.#changes++;
    try {
      await change(bitrateBps);
      this.#current = bitrateBps;
      log.info({ bitrateBps }, "the agent's voice has another bitrate");
    } catch (error) {
      log.warn({ bitrateBps, error: messageOf(error) }, "the bitrate of the agent's voice could not be changed");
    }
    this.#changing = false;
  }
}
