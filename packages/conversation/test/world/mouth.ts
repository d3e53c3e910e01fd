import { Violation } from "../violation.ts";
import type { Desk } from "./desk.ts";
import { between, dice, numberOf } from "./dice.ts";

/** A sentence's sound as the mouth gets it. */
export interface Sound {
  index: number;
  /** Whole length, ms. */
  ms: number;
  /** How much of it ever comes: less than `ms` when its making breaks off. */
  limitMs: number;
  text: string;
}

/** One reply in the mouth: what it was given, and what of it really sounded. */
export interface Voice {
  readonly replyId: string;
  readonly sounds: Sound[];
  released: boolean;
  held: boolean;
  over: boolean;
  started: boolean;
  playedMs: number;
  /** Since when it sounds; null: silent. */
  since: number | null;
  /** Where it breaks: it falls silent and says so, or does not even say that. */
  readonly breaksAtMs: number;
  readonly tellsBreaking: boolean;
  /** The process died while it sounded, or its stop was never answered: the log may lag by a checkpoint. */
  lagMs: number;
}

const CHECKPOINT_MS = 250;

/** The model mouth: obeys decisions at once, plays in real (virtual) time and gives an account of what sounded. */
export class Mouth {
  readonly voices = new Map<string, Voice>();
  readonly #desk: Desk;
  #loaded: Voice | null = null;
  /** Old ticks are known by it. */
  #turn = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Sound of the next sentence begins to come in; it comes faster than it is played. */
  offer(replyId: string, sound: Sound): void {
    const voice = this.#voice(replyId);
    voice.sounds.push(sound);
    if (voice === this.#loaded) this.#go(voice);
  }

  /** No more of the sentence that is coming in than what came so far. */
  cut(replyId: string, index: number, limitMs: number): void {
    const last = this.voices.get(replyId)?.sounds.at(-1);
    if (last?.index === index) last.limitMs = Math.min(last.limitMs, Math.floor(limitMs));
  }

  release(replyId: string): void {
    const voice = this.#voice(replyId);
    if (this.#loaded && this.#loaded !== voice && !this.#loaded.over)
      throw new Violation("one-voice", `${replyId} was released over ${this.#loaded.replyId}`);
    if (voice.over) throw new Violation("silence-after-stop", `${replyId} was released after its end`);
    voice.released = true;
    this.#loaded = voice;
    this.#go(voice);
  }

  pause(replyId: string): void {
    const voice = this.#quiet(replyId);
    voice.held = true;
    this.#answer(voice, 2, (heardMs) => ({ type: "playback-paused", replyId, heardMs }));
  }

  resume(replyId: string): void {
    const voice = this.#voice(replyId);
    if (voice.over) throw new Violation("silence-after-stop", `${replyId} was resumed after its end`);
    voice.held = voice.playedMs >= voice.breaksAtMs;
    this.#go(voice);
  }

  stop(replyId: string): void {
    const voice = this.#quiet(replyId);
    voice.over = true;
    this.#answer(voice, 3, (heardMs) => ({ type: "playback-stopped", replyId, heardMs }));
  }

  /** Finished or discarded: whatever is left of it is forgotten. */
  drop(replyId: string): void {
    this.#quiet(replyId).over = true;
    if (this.#loaded?.replyId === replyId) this.#loaded = null;
  }

  /** The process died. */
  die(): void {
    for (const voice of this.voices.values()) {
      if (voice.over) continue;
      this.#quiet(voice.replyId);
      voice.lagMs = CHECKPOINT_MS;
      voice.over = true;
    }
    this.#loaded = null;
  }

  /** Sound that came and was not played yet, ms. */
  aheadMs(replyId: string): number {
    const voice = this.voices.get(replyId);
    return voice ? voice.sounds.reduce((sum, sound) => sum + sound.limitMs, 0) - playedBy(voice, this.#desk.now) : 0;
  }

  isSounding(): boolean {
    return this.#loaded?.since !== null && this.#loaded?.since !== undefined;
  }

  #voice(replyId: string): Voice {
    let voice = this.voices.get(replyId);
    if (!voice) {
      const roll = dice(this.#desk.seed, 4, numberOf(replyId));
      const breaks = roll() < 0.008 * this.#desk.faults;
      voice = {
        replyId,
        breaksAtMs: breaks ? Math.max(0, between(roll, -1000, 3000)) : Number.POSITIVE_INFINITY,
        tellsBreaking: roll() < 0.5,
        sounds: [],
        released: false,
        held: false,
        over: false,
        started: false,
        playedMs: 0,
        since: null,
        lagMs: 0,
      };
      this.voices.set(replyId, voice);
    }
    return voice;
  }

  #go(voice: Voice): void {
    if (voice.over || voice.held || !voice.released || voice.since !== null) return;
    if (voice.playedMs >= horizonMs(voice)) return;
    const turn = ++this.#turn;
    this.#desk.later(voice.started ? 0 : 15, () => {
      if (turn !== this.#turn || voice.over || voice.held || voice.since !== null) return;
      if (voice.breaksAtMs === 0) {
        this.#break(voice);
        return;
      }
      voice.since = this.#desk.now;
      this.#tick(voice);
      if (voice.started) return;
      voice.started = true;
      this.#desk.feed({ type: "playback-started", replyId: voice.replyId });
    });
  }

  #tick(voice: Voice): void {
    const turn = ++this.#turn;
    const played = playedBy(voice, this.#desk.now);
    const checkpoint = Math.floor(played / CHECKPOINT_MS + 1.0001) * CHECKPOINT_MS;
    const horizon = horizonMs(voice);
    this.#desk.later(Math.min(checkpoint, horizon) - played, () => {
      if (turn !== this.#turn || voice.over || voice.since === null) return;
      const heardMs = playedBy(voice, this.#desk.now);
      const { replyId } = voice;
      if (heardMs >= voice.breaksAtMs) {
        this.#break(voice);
        return;
      }
      if (heardMs < horizonMs(voice) - 0.001) {
        this.#tick(voice);
        this.#desk.feed({ type: "playback-progress", replyId, heardMs });
        return;
      }
      voice.playedMs = horizonMs(voice);
      voice.since = null;
      this.#desk.feed({ type: "playback-drained", replyId, heardMs: voice.playedMs });
    });
  }

  #break(voice: Voice): void {
    const { replyId } = this.#quiet(voice.replyId);
    voice.held = true;
    voice.lagMs = CHECKPOINT_MS;
    const error = { code: "mouth", category: "internal", message: "broken", retryable: false };
    if (voice.tellsBreaking) this.#desk.feed({ type: "reply-failed", replyId, stage: "playback", error });
  }

  /** Silence now; what was played is settled. */
  #quiet(replyId: string): Voice {
    const voice = this.#voice(replyId);
    if (voice.since !== null) {
      voice.playedMs = playedBy(voice, this.#desk.now);
      voice.since = null;
      this.#turn++;
    }
    return voice;
  }

  /** At once, late, or (with faults) never. */
  #answer(voice: Voice, kind: number, fact: (heardMs: number) => Parameters<Desk["feed"]>[0]): void {
    const { seed, faults } = this.#desk;
    const roll = dice(seed, kind, numberOf(voice.replyId), Math.round(this.#desk.now));
    const heardMs = voice.playedMs;
    // Until the answer is there the log may lag by a checkpoint.
    voice.lagMs = CHECKPOINT_MS;
    if (roll() < 0.02 * faults) return;
    const delay = roll() < 0.1 * faults ? between(roll, 50, 3000) : between(roll, 0, 20);
    this.#desk.later(delay, () => {
      // Before it is fed: the process may die of that. It says nothing of what was played after a resume.
      if (voice.held || voice.over) voice.lagMs = 0;
      if (!this.#desk.feed(fact(heardMs))) voice.lagMs = CHECKPOINT_MS;
    });
  }
}

function playedBy(voice: Voice, now: number): number {
  return voice.since === null ? voice.playedMs : Math.min(voice.playedMs + now - voice.since, horizonMs(voice));
}

/** How much can be played as things stand: whole sentences, then as much as will come of the next. */
function horizonMs(voice: Voice): number {
  let sum = 0;
  for (const sound of voice.sounds) {
    sum += sound.limitMs;
    if (sound.limitMs < sound.ms) return sum;
  }
  return sum;
}
