import fc from "fast-check";
import { type Settings, type SettingsInput, settingsSchema } from "../src/settings.ts";
import { dice, oneOf } from "./world/dice.ts";

/** Everything that a random call depends on. Small numbers are plain calls: shrinking goes there. */
export interface Schedule {
  /** The fate of everything that the stages do. */
  seed: number;
  mode: number;
  /** 0: the defaults; any other number varies them. */
  settings: number;
  /** How much goes wrong, 0 to 3. */
  faults: number;
  /** What people and operators do, one number each; see people.ts. */
  actions: readonly number[];
}

const LONGEST = 30;

export const schedules: fc.Arbitrary<Schedule> = fc.noBias(
  fc.record({
    seed: fc.nat(0x7fffffff),
    mode: fc.nat(9),
    settings: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.nat(0x7fffffff) }),
    faults: fc.nat(3),
    actions: fc.array(fc.nat(0x7fffffff), { minLength: 1, maxLength: LONGEST, size: "max" }),
  }),
);

/** Seven calls in ten are voice. */
export function modeOf(schedule: Schedule): Settings["mode"] {
  return schedule.mode < 7 ? "voice" : schedule.mode < 9 ? "realtime" : "text";
}

export function settingsOf(schedule: Schedule): Settings {
  const mode = modeOf(schedule);
  if (schedule.settings === 0) return settingsSchema.parse({ mode });
  const roll = dice(schedule.settings, 100);
  const pick = <T>(...items: T[]): T => oneOf(roll, items);
  const varied = {
    mode,
    endpointing: { policy: pick("fixed", "adaptive"), minMs: pick(0, 200, 350, 800), maxMs: pick(300, 1500, 3000) },
    interruption: {
      policy: pick("length", "length", "words", "off"),
      minSpeechMs: pick(0, 200, 450),
      minWords: pick(1, 1, 2, 3),
      duckMs: pick(0, 300, 600),
      tailMs: pick(0, 1200, 5000),
    },
    speculation: { policy: pick("at-pause", "at-pause", "never"), maxPerTurn: pick(0, 1, 2, 5) },
    away: {
      afterMs: pick(0, 1500, 4000, 15_000),
      prompt: pick(null, "Are you still there?"),
      hangUpAfter: pick(0, 1, 2),
    },
    closing: { graceMs: pick(0, 1500, 20_000), joinMs: pick(3000, 60_000), farewellMs: pick(0, 2500, 15_000) },
    bounds: {
      transcriptMs: pick(700, 3000, 12_000),
      reviewMs: pick(300, 5000),
      replyMs: pick(1500, 5000, 20_000),
      toolMs: pick(500, 4000, 60_000),
      turnMs: pick(3000, 8000, 60_000),
    },
    maxToolSteps: pick(0, 1, 2, 5),
    reviewTurns: pick(false, false, true),
    phrases: pick({}, {}, { failure: "" }, { notUnderstood: "" }),
    recording: pick<SettingsInput["recording"]>(
      {},
      {},
      {},
      { mode: "on" },
      { mode: "on", announcement: "This call is recorded." },
      { mode: "ask", answerMs: 3000 },
    ),
  } satisfies SettingsInput;
  return settingsSchema.parse({ ...varied, closing: { ...varied.closing, exitMs: pick(0, 0, 800, 5500) } });
}
