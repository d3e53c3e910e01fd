import type { Clip } from "@parley/bench/clips";
import { CLIP_RATE_HZ } from "@parley/bench/clips";
import { now, sleep, until } from "@parley/bench/time";
import { type JoinGate, SimulatedCaller } from "@parley/livekit";
import { type Random, random } from "../random.ts";
import type { CallerEvent } from "./messages.ts";
import { SoundLine } from "./sound.ts";

const TICK_MS = 20;
const QUIET_MS = 700;
const QUIET_TIMEOUT_MS = 25_000;
const ANSWER_TIMEOUT_MS = 12_000;
/** Once there is a new voice, an answer that is owed comes soon or never. */
const ANSWER_AFTER_TRACK_MS = 8_000;
const REJOINS = 5;
const REJOIN_PAUSE_MS = 500;

export interface CallerOptions {
  url: string;
  token: string;
  seed: number;
  /** What is asked, at random. */
  clips: readonly Clip[];
  gate: JoinGate;
  tell(event: CallerEvent): void;
}

/** One person: asks, waits for the answer to its end, thinks a little, asks again. Comes back when thrown out. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #random: Random;
  readonly #sound: SoundLine;
  readonly #timer: NodeJS.Timeout;
  #person: SimulatedCaller | null = null;
  #read = 0;
  #agents = 0;
  #leaving = false;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#random = random(options.seed);
    this.#sound = new SoundLine(options.tell);
    this.#timer = setInterval(() => this.#look(), TICK_MS);
  }

  /** Resolves when the caller has left, or given up. */
  async live(): Promise<void> {
    await this.#join(REJOINS);
    await until(() => this.#sound.lastAudibleAt > 0 || this.#leaving, now() + QUIET_TIMEOUT_MS);
    while (!this.#leaving) {
      await until(() => this.#leaving || now() - this.#sound.lastAudibleAt > QUIET_MS, now() + QUIET_TIMEOUT_MS);
      await sleep(this.#random.between(200, 2000));
      if (!this.#leaving) await this.#ask();
    }
  }

  async chat(text: string): Promise<void> {
    await this.#person?.sendChat(text);
  }

  /** Idempotent. */
  async leave(): Promise<void> {
    this.#leaving = true;
    clearInterval(this.#timer);
    await this.#person?.leave();
    this.#options.tell({ type: "left", at: now() });
  }

  async #join(attempts: number): Promise<void> {
    const { url, token, gate, tell } = this.#options;
    for (let attempt = 1; !this.#leaving; attempt++) {
      try {
        const person = await SimulatedCaller.join({ url, token, keepMs: 0, joinGate: gate });
        if (this.#leaving) return await person.leave();
        this.#read = 0;
        this.#sound.trackChanged();
        person.room.on("trackSubscribed", () => this.#sound.trackChanged());
        this.#person = person;
        tell({ type: "joined", at: now() });
        return;
      } catch (error) {
        if (attempt < attempts) await sleep(REJOIN_PAUSE_MS);
        else {
          this.#leaving = true;
          tell({ type: "failed", message: String(error), at: now() });
        }
      }
    }
  }

  /** What has come since the last look. */
  #look(): void {
    const person = this.#person;
    if (!person) return;
    const { levels } = person.hearing;
    for (; this.#read < levels.length; this.#read++) {
      const frame = levels[this.#read];
      if (frame) this.#sound.hear(frame, performance.timeOrigin + frame.at);
    }
    this.#sound.tick(now());
    const agents = person.agents.length;
    if (agents !== this.#agents) this.#options.tell({ type: "agents", count: agents, at: now() });
    this.#agents = agents;
    if (person.lost !== null && !this.#leaving) {
      this.#options.tell({ type: "lost", reason: person.lost, at: now() });
      this.#person = null;
      this.#agents = 0;
      void person.leave().then(() => this.#join(REJOINS));
    }
  }

  async #ask(): Promise<void> {
    const { tell, clips } = this.#options;
    const clip = this.#random.pick(clips);
    const person = this.#person;
    if (!person) return await sleep(TICK_MS);
    tell({ type: "asking", at: now() + clip.firstMs });
    const spoken = await person.speak(clip.samples, CLIP_RATE_HZ);
    const startedAt = performance.timeOrigin + spoken.startedAt + clip.firstMs;
    const endedAt = performance.timeOrigin + spoken.startedAt + clip.lastMs;
    tell({ type: "asked", startedAt, at: endedAt });
    // A voice that goes on from before the question is no answer; one that begins shortly before its end may be.
    const heard = () => this.#sound.lastOnsetAt > Math.max(startedAt, endedAt - 500);
    const late = () => {
      const { lastTrackAt } = this.#sound;
      const bound = lastTrackAt > startedAt ? lastTrackAt + ANSWER_AFTER_TRACK_MS : Number.POSITIVE_INFINITY;
      return now() > Math.min(endedAt + ANSWER_TIMEOUT_MS, Math.max(bound, endedAt + ANSWER_AFTER_TRACK_MS));
    };
    await until(() => this.#leaving || heard() || late(), endedAt + ANSWER_TIMEOUT_MS);
    if (this.#leaving && !heard()) return;
    tell({ type: "answered", startedAt, heardAt: heard() ? this.#sound.lastOnsetAt : null, at: now() });
  }
}
