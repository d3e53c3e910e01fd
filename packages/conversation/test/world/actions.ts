import type { InputBody } from "../../src/facts/index.ts";
import type { Desk } from "./desk.ts";
import { between, type Dice, dice, oneOf } from "./dice.ts";
import type { Mouth } from "./mouth.ts";
import type { People } from "./people.ts";

/** What a schedule's actions may touch. */
export interface Stagehands {
  desk: Desk;
  people: People;
  mouth: Mouth;
  /** Kill the process: now, or inside a coming step. */
  crash(roll: Dice): void;
  /** Something that was said before is said again. */
  stale(roll: Dice): void;
}

type Action = (hands: Stagehands, roll: Dice) => void;

const wait: Action = () => {};

const speak: Action = ({ people }, roll) => people.speak(people.pick(roll), between(roll, 150, 3000), roll);

/** Waits until the agent sounds, for a while, then speaks over it. */
const bargeIn: Action = ({ desk, people, mouth }, roll) => {
  const human = people.pick(roll);
  const ms = between(roll, 80, 1500);
  let tries = 40;
  const attempt = (): void => {
    if (mouth.isSounding() || tries-- === 0) people.speak(human, ms, roll);
    else desk.whatever(100, attempt);
  };
  desk.whatever(between(roll, 0, 900), attempt);
};

/** Says something in pieces, with pauses about as long as those that end a turn. */
const hesitate: Action = ({ desk, people }, roll) => {
  const human = people.pick(roll);
  let at = 0;
  for (let pieces = between(roll, 2, 4); pieces > 0; pieces--) {
    const ms = between(roll, 300, 1400);
    desk.whatever(at, () => people.speak(human, ms, roll));
    at += ms + (roll() < 0.4 ? between(roll, 100, 300) : between(roll, 250, 1200));
  }
};

const noise: Action = ({ people }, roll) => people.speak(people.pick(roll), between(roll, 40, 300), roll);
/** A fan, a radio: the VAD takes it for speech without end. */
const fan: Action = ({ people }, roll) => people.speak(people.pick(roll), between(roll, 4000, 20_000), roll);

const type: Action = ({ people }, roll) =>
  people.type(people.pick(roll), oneOf(roll, ["Hello?", "Cancel my order.", "  ", "ok", "And one more thing"]));

const typeTwice: Action = (hands, roll) => {
  type(hands, roll);
  type(hands, roll);
};

const join: Action = ({ people }, roll) => people.join(oneOf(roll, people.humans), roll);
const leave: Action = ({ people }, roll) => people.leave(people.pick(roll));
const away: Action = ({ desk, people }, roll) => {
  const human = people.pick(roll);
  people.leave(human);
  desk.whatever(between(roll, 100, 6000), () => !human.present && people.join(human, roll));
};

const blink: Action = ({ desk, people }, roll) => {
  const human = people.pick(roll);
  people.network(human, "lost");
  if (roll() < 0.85) desk.whatever(between(roll, 100, 8000), () => people.network(human, "back"));
};

const say: Action = ({ desk }, roll) =>
  desk.feed({
    type: "say-requested",
    text: oneOf(roll, ["One moment please. I am looking it up.", "Your table is ready.", " "]),
    by: "agent",
    interruptible: roll() < 0.6,
  });

const modelEndsTurn: Action = ({ desk, people }, roll) => {
  if (desk.settings.mode !== "realtime") return speak({ desk, people } as Stagehands, roll);
  const { id } = people.pick(roll);
  desk.feed({ type: "model-turn-ended", participantId: id });
};

/** Speaks, and the model ends the turn soon after. */
const speakToModel: Action = (hands, roll) => {
  const human = hands.people.pick(roll);
  const ms = between(roll, 200, 2000);
  hands.people.speak(human, ms, roll);
  if (hands.desk.settings.mode !== "realtime") return;
  hands.desk.whatever(ms + between(roll, -100, 700), () =>
    hands.desk.feed({ type: "model-turn-ended", participantId: human.id }),
  );
};

const feeds =
  (body: (roll: Dice) => InputBody): Action =>
  ({ desk }, roll) =>
    desk.feed(body(roll));

const interrupt = feeds(() => ({ type: "interrupt-requested", by: "operator" }));
/** For a while, or for good. */
const mute: Action = ({ desk }, roll) => {
  desk.feed({ type: "mute-changed", muted: true, by: "operator" });
  const unmute = () => desk.feed({ type: "mute-changed", muted: false, by: "operator" });
  if (roll() < 0.85) desk.whatever(between(roll, 100, 8000), unmute);
};
const record = feeds((roll) =>
  roll() < 0.8
    ? { type: "recording-requested", action: oneOf(roll, ["start", "pause", "resume", "stop"]), by: "operator" }
    : oneOf<InputBody>(roll, [
        { type: "recording-answered", agreed: true, by: "agent" },
        { type: "recording-answered", agreed: false, by: "agent" },
        { type: "recording-failed", code: "recording-behind", message: "too slow" },
      ]),
);
const close = feeds((roll) => ({ type: "close-requested", reason: "agent", afterReply: roll() < 0.7 }));
const aside = feeds((roll) =>
  oneOf<InputBody>(roll, [
    { type: "dtmf-received", participantId: "p1", digit: "5" },
    { type: "error-occurred", source: "hook", error: hookError, recoverable: true },
    { type: "usage-reported", stage: "llm", model: "m", inputTokens: 1 },
    { type: "track-subscribed", participantId: "p1", trackId: "x", kind: "audio", source: "microphone" },
    { type: "track-ended", participantId: "p1", trackId: "x", reason: "gone" },
    { type: "track-failed", participantId: "p1", trackId: "x", attempts: 3, message: "no" },
  ]),
);
const hookError = { code: "hook", category: "author", message: "threw", retryable: false };

const crash: Action = ({ crash: kill }, roll) => kill(roll);
const stale: Action = ({ stale: again }, roll) => again(roll);

const often: readonly (readonly [number, Action])[] = [
  [2, wait],
  [14, speak],
  [6, speakToModel],
  [9, hesitate],
  [12, bargeIn],
  [5, noise],
  [1, fan],
  [4, type],
  [1, typeTwice],
  [2, join],
  [1, leave],
  [2, away],
  [2, blink],
  [3, say],
  [1, modelEndsTurn],
  [1, interrupt],
  [1, aside],
  [2, crash],
  [3, stale],
];
const table: readonly Action[] = often.flatMap(([times, action]) => new Array<Action>(times).fill(action));

export interface Planned {
  /** After the action before, ms. */
  delayMs: number;
  run(hands: Stagehands): void;
}

export function planned(action: number): Planned {
  const roll = dice(action, 200);
  const pace = roll();
  const delayMs =
    pace < 0.35 ? between(roll, 0, 300) : pace < 0.85 ? between(roll, 300, 2500) : between(roll, 2500, 9000);
  const chosen =
    action % 257 === 256
      ? close
      : action % 61 === 60
        ? mute
        : action % 67 === 66
          ? record
          : (table[action % table.length] as Action);
  return { delayMs, run: (hands) => chosen(hands, roll) };
}
