import type { Desk } from "./desk.ts";
import { between, type Dice, oneOf } from "./dice.ts";

interface Human {
  readonly id: string;
  readonly kind: "standard" | "sip" | "agent";
  present: boolean;
  lost: boolean;
  /** In speech right now; the VAD has said so in this process. */
  speaking: boolean;
  told: number;
  /** The last stretch of speech that the VAD told of, in this process. */
  stretch: { startMs: number; endMs: number; life: number } | null;
}

/** Who goes on this soon has only paused. */
const JOIN_MS = 350;

/** People (and sometimes another agent): they come, speak, pause, make noise, type, lose their network, go. */
export class People {
  readonly humans: readonly Human[];
  readonly #desk: Desk;
  /** Counts processes: what one was told the next does not know. */
  #life = 1;
  #messages = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.humans = ["p1", "p2", "p3", "a1"].map((id) => ({
      id,
      kind: id === "a1" ? "agent" : id === "p2" ? "sip" : "standard",
      present: false,
      lost: false,
      speaking: false,
      told: 0,
      stretch: null,
    }));
  }

  first(): Human {
    return this.humans[0] as Human;
  }

  isPresent(participantId: string): boolean {
    return this.humans.some((human) => human.id === participantId && human.present);
  }

  /** Mostly the first. */
  pick(roll: Dice): Human {
    const share = roll();
    return this.humans[share < 0.75 ? 0 : share < 0.9 ? 1 : share < 0.96 ? 2 : 3] as Human;
  }

  join(human: Human, roll: Dice): void {
    human.present = true;
    human.lost = false;
    this.#enter(human, roll);
  }

  leave(human: Human): void {
    if (!human.present) return;
    human.present = false;
    human.speaking = false;
    this.#desk.feed({ type: "participant-left", participantId: human.id, reason: "left" });
  }

  network(human: Human, state: "lost" | "back"): void {
    if (!human.present || human.lost === (state === "lost")) return;
    human.lost = state === "lost";
    this.#desk.feed({ type: "network-changed", participantId: human.id, state });
  }

  type(human: Human, text: string): void {
    const messageId = `m${++this.#messages}`;
    if (human.present) this.#desk.feed({ type: "text-received", participantId: human.id, messageId, text });
  }

  /** Speaks from now on for `ms`; the VAD notices both ends late. */
  speak(human: Human, ms: number, roll: Dice): void {
    if (human.speaking || !human.present) return;
    human.speaking = true;
    const startMs = this.#desk.now;
    const participantId = human.id;
    const joins = roll() < 0.7;
    this.#desk.whatever(between(roll, 30, 130), () => {
      if (!human.speaking || human.lost) return;
      human.told = this.#life;
      const { stretch } = human;
      const goesOn = joins && stretch?.life === this.#life && startMs - stretch.endMs <= JOIN_MS;
      if (!goesOn) human.stretch = { startMs, endMs: Number.POSITIVE_INFINITY, life: this.#life };
      const resumes = goesOn ? { resumesMs: stretch.startMs } : {};
      this.#desk.feed({ type: "speech-started", participantId, startMs, ...resumes });
      if (roll() < 0.2) this.#interim(human, "and then");
    });
    if (ms > 700 && roll() < 0.4)
      this.#desk.whatever(between(roll, 200, ms), () => this.#interim(human, oneOf(roll, ["no wait", "mhm", "well"])));
    const endMs = startMs + ms;
    const end = (): void => {
      if (!human.speaking || !human.present) return;
      // Missing frames are held, not silence.
      if (human.lost) {
        this.#desk.whatever(400, end);
        return;
      }
      human.speaking = false;
      if (human.told !== this.#life) return;
      if (human.stretch) human.stretch.endMs = endMs;
      this.#desk.feed({ type: "speech-ended", participantId, endMs });
    };
    this.#desk.whatever(ms + between(roll, 60, 400), end);
  }

  /** A new process: it meets those who are still there. */
  recovered(roll: Dice): void {
    this.#life++;
    for (const human of this.humans) {
      human.speaking = false;
      if (human.present) this.#desk.later(between(roll, 20, 900), () => human.present && this.#enter(human, roll));
    }
  }

  #enter(human: Human, roll: Dice): void {
    const { id: participantId, kind } = human;
    this.#desk.feed({
      type: "participant-joined",
      participantId,
      name: participantId,
      kind,
      metadata: null,
      attributes: {},
    });
    // Subscribes late, now and then never.
    if (roll() < 0.03) return;
    const delay = roll() < 0.8 ? between(roll, 0, 300) : between(roll, 300, 4000);
    this.#desk.later(delay, () => human.present && this.#desk.feed({ type: "listener-ready", participantId }));
  }

  #interim(human: Human, text: string): void {
    const turn = this.#desk.state.turns.open.find((open) => open.participantId === human.id && open.via === "speech");
    if (!turn || turn.segments.length === 0 || !human.speaking) return;
    this.#desk.feed({
      type: "transcript-interim",
      participantId: human.id,
      turnId: turn.turnId,
      segment: turn.segments.length - 1,
      text,
    });
  }
}
