import { readNumber } from "../english/numbers.ts";
import { isRuledOut } from "./ruled-out.ts";

/** A time of day as it was said. */
export interface SpokenTime {
  /** Since midnight; 1 to 12 o'clock as morning hours while `half` is not known. */
  minutes: number;
  half: "am" | "pm" | "24h" | undefined;
}

const DAY_PARTS: Record<string, "am" | "pm"> = { morning: "am", afternoon: "pm", evening: "pm", night: "pm" };
const NAMED: Record<string, SpokenTime> = {
  noon: { minutes: 720, half: "24h" },
  midday: { minutes: 720, half: "24h" },
  midnight: { minutes: 1440, half: "24h" },
};
const PARTY = /^(people|persons?|guests?|of|adults|seats)$/;
/** Words before a bare number that make it an hour. */
const BEFORE_HOUR = new Set(["at", "around", "about", "by", "until", "till", "to"]);

/**
 * The time named in these words, the last one if there are several. `bare` accepts a lone number ("seven"), as the
 * answer to "at what time?"; else it needs a sign of being a time (`at`, `o'clock`, `pm`, `seven thirty`).
 */
export function readTime(tokens: readonly string[], bare: boolean): SpokenTime | undefined {
  // "at seven for four": a time that is marked as one goes before a lone number.
  const found = lastTime(tokens, false) ?? (bare ? lastTime(tokens, true) : undefined);
  return found !== undefined && found.half === undefined ? { ...found, half: partOfDay(tokens) } : found;
}

function lastTime(tokens: readonly string[], bare: boolean): SpokenTime | undefined {
  let found: SpokenTime | undefined;
  for (let at = 0; at < tokens.length; at++) {
    const time = timeAt(tokens, at, bare);
    if (time === undefined) continue;
    if (!isRuledOut(tokens, at)) found = time.value;
    at += time.length - 1;
  }
  return found;
}

function timeAt(
  tokens: readonly string[],
  at: number,
  bare: boolean,
): { value: SpokenTime; length: number } | undefined {
  const word = tokens[at] as string;
  const named = NAMED[word];
  if (named !== undefined) return { value: named, length: 1 };
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(word);
  if (clock !== null) return withHalf(tokens, at + 1, Number(clock[1]), Number(clock[2]), 1);
  const relative = pastOrTo(tokens, at);
  if (relative !== undefined) return relative;
  const hour = readNumber(tokens, at);
  if (hour === undefined || hour.value > 24) return undefined;
  const next = at + hour.length;
  if (PARTY.test(tokens[next] ?? "")) return undefined;
  const minutes = readMinutes(tokens, next);
  if (minutes !== undefined)
    return withHalf(tokens, next + minutes.length, hour.value, minutes.value, hour.length + minutes.length);
  const marked =
    /^(am|pm|oclock)$/.test(tokens[next] ?? "") || BEFORE_HOUR.has(tokens[at - 1] ?? "") || inDayPart(tokens, next);
  if (!marked && !(bare && hour.value > 0)) return undefined;
  return withHalf(tokens, next, hour.value, 0, hour.length);
}

/** `half past seven`, `quarter to eight`, `ten past nine`. */
function pastOrTo(tokens: readonly string[], at: number): { value: SpokenTime; length: number } | undefined {
  const start = tokens[at] === "a" && tokens[at + 1] === "quarter" ? at + 1 : at;
  const amount =
    tokens[start] === "half"
      ? { value: 30, length: 1 }
      : tokens[start] === "quarter"
        ? { value: 15, length: 1 }
        : readNumber(tokens, start);
  // "from seven to eight" is not seven minutes to eight.
  if (amount === undefined || amount.value % 5 !== 0 || tokens[at - 1] === "from") return undefined;
  const side = start + amount.length;
  const past = tokens[side] === "past" || tokens[side] === "after";
  if (!past && tokens[side] !== "to") return undefined;
  const hour = readNumber(tokens, side + 1);
  if (hour === undefined || hour.value < 1 || hour.value > 12) return undefined;
  const end = side + 1 + hour.length;
  const minutes = hour.value * 60 + (past ? amount.value : -amount.value);
  return withHalf(tokens, end, Math.floor(minutes / 60), minutes % 60, end - at);
}

/** `thirty`, `forty five`, `oh five`; never below ten without the `oh`, or "seven two" would be a time. */
function readMinutes(tokens: readonly string[], at: number): { value: number; length: number } | undefined {
  if (tokens[at] === "oh" || tokens[at] === "o") {
    const digit = readNumber(tokens, at + 1);
    return digit !== undefined && digit.value < 10 ? { value: digit.value, length: 2 } : undefined;
  }
  const minutes = readNumber(tokens, at);
  if (minutes === undefined || minutes.value < 10 || minutes.value > 59 || minutes.value % 5 !== 0) return undefined;
  // "at seven ten people": the number belongs to what follows it.
  return PARTY.test(tokens[at + minutes.length] ?? "") ? undefined : minutes;
}

function withHalf(
  tokens: readonly string[],
  next: number,
  hour: number,
  minute: number,
  length: number,
): { value: SpokenTime; length: number } {
  const skip = tokens[next] === "oclock" ? 1 : 0;
  const word = tokens[next + skip];
  const half = word === "am" || word === "pm" ? word : hour > 12 || hour === 0 ? "24h" : undefined;
  const total = length + skip + (half === "am" || half === "pm" ? 1 : 0);
  return {
    value: {
      minutes: (half === undefined || half === "24h" ? hour : hour % 12) * 60 + minute + (half === "pm" ? 720 : 0),
      half,
    },
    length: total,
  };
}

function inDayPart(tokens: readonly string[], at: number): boolean {
  const part =
    tokens[at] === "in" && tokens[at + 1] === "the" ? tokens[at + 2] : tokens[at] === "at" ? tokens[at + 1] : undefined;
  return part !== undefined && part in DAY_PARTS;
}

function partOfDay(tokens: readonly string[]): SpokenTime["half"] {
  for (const word of tokens) {
    const half = word === "tonight" ? "pm" : DAY_PARTS[word];
    if (half !== undefined) return half;
  }
  return undefined;
}

/** Minutes since midnight; where the half of the day was not said, the one that lies in opening hours. */
export function settleTime(time: SpokenTime, open: { opens: number; closes: number } | null): number {
  if (time.half === "24h") return time.minutes;
  const morning = time.minutes % 720;
  if (time.half !== undefined) return morning + (time.half === "pm" ? 720 : 0);
  const fits = (minutes: number) => open !== null && minutes >= open.opens && minutes < open.closes;
  if (fits(morning) && !fits(morning + 720)) return morning;
  if (fits(morning + 720) && !fits(morning)) return morning + 720;
  // Both or neither: people who mean nine in the evening say so; those who mean seven in the morning do too.
  return morning >= 9 * 60 ? morning : morning + 720;
}

/** `7 pm`, `7:30 pm`, `noon`. */
export function sayTime(minutes: number): string {
  if (minutes === 720) return "noon";
  if (minutes % 1440 === 0) return "midnight";
  const hour = Math.floor(minutes / 60) % 12 || 12;
  const rest = minutes % 60;
  return `${hour}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`} ${minutes % 1440 < 720 ? "am" : "pm"}`;
}
