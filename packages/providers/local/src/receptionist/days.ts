import { readOrdinal, spellOrdinal } from "../english/numbers.ts";
import { WEEKDAYS, type Weekday } from "./business.ts";
import { isRuledOut } from "./ruled-out.ts";

export const MONTHS = "january february march april may june july august september october november december".split(
  " ",
);
const DAY_MS = 86_400_000;

/** A calendar day as `YYYY-MM-DD`. */
export type Day = string;

/** The local day of a moment. */
export function dayOf(date: Date): Day {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function weekdayOf(day: Day): Weekday {
  return WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] as Weekday;
}

export function addDays(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** `tomorrow`, `on friday`, `next monday`, `the fifth of may`, `may 5`: the last day named wins, being the correction. */
export function readDay(tokens: readonly string[], today: Day): Day | undefined {
  let found: Day | undefined;
  for (let at = 0; at < tokens.length; at++) {
    if (isRuledOut(tokens, at)) continue;
    found = dayAt(tokens, at, today) ?? found;
  }
  return found;
}

function dayAt(tokens: readonly string[], at: number, today: Day): Day | undefined {
  const word = tokens[at] as string;
  if (word === "today" || word === "tonight") return today;
  if (word === "tomorrow") return addDays(today, tokens[at - 1] === "after" && tokens[at - 2] === "day" ? 2 : 1);
  const weekday = WEEKDAYS.indexOf(word.replace(/s$/, "") as Weekday);
  if (weekday >= 0) {
    const ahead = (weekday - WEEKDAYS.indexOf(weekdayOf(today)) + 7) % 7;
    return addDays(today, ahead === 0 && tokens[at - 1] === "next" ? 7 : ahead);
  }
  if (tokens[at - 1] === "the" && MONTHS.every((month) => tokens[at - 2] !== month))
    return dateAhead(tokens, at, today);
  const month = MONTHS.indexOf(word);
  if (month < 0) return undefined;
  return dateOf(month, dayOfMonth(tokens, at), today);
}

/** The number before (`the fifth of may`, `5 may`) or after (`may the fifth`, `may 5`) the month's name. */
function dayOfMonth(tokens: readonly string[], month: number): number | undefined {
  const before = tokens[month - 1] === "of" ? month - 2 : month - 1;
  const after = tokens[month + 1] === "the" ? month + 2 : month + 1;
  const ending = readOrdinal(tokens, before - 1);
  if (ending?.length === 2) return ending.value;
  const found = readOrdinal(tokens, before) ?? readOrdinal(tokens, after);
  if (found !== undefined) return found.value;
  const plain = [tokens[before], tokens[after]].find((token) => /^\d{1,2}$/.test(token ?? ""));
  return plain === undefined ? undefined : Number(plain);
}

/** "on the fifth": the next fifth to come. */
function dateAhead(tokens: readonly string[], at: number, today: Day): Day | undefined {
  const date = readOrdinal(tokens, at);
  if (date === undefined || tokens[at + date.length] === "of") return undefined;
  const month = Number(today.slice(5, 7)) - 1;
  const coming = Array.from({ length: 12 }, (_, ahead) => dateOf((month + ahead) % 12, date.value, today));
  return coming.filter((day) => day !== undefined).sort()[0];
}

/** This year's date, or next year's when it has passed. */
function dateOf(month: number, dayOfTheMonth: number | undefined, today: Day): Day | undefined {
  if (dayOfTheMonth === undefined) return undefined;
  const year = Number(today.slice(0, 4));
  const iso = (y: number) => new Date(Date.UTC(y, month, dayOfTheMonth));
  const date = iso(year);
  if (date.getUTCMonth() !== month) return undefined;
  const day = date.toISOString().slice(0, 10);
  return day >= today
    ? day
    : iso(year + 1)
        .toISOString()
        .slice(0, 10);
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** `today`, `tomorrow`, `on Friday`, and beyond a week `on Friday the fifth of May`. */
export function sayDay(day: Day, today: Day): string {
  const ahead = Math.round((Date.parse(day) - Date.parse(today)) / DAY_MS);
  if (ahead === 0) return "today";
  if (ahead === 1) return "tomorrow";
  const weekday = capital(weekdayOf(day));
  if (ahead < 7) return `on ${weekday}`;
  const month = capital(MONTHS[Number(day.slice(5, 7)) - 1] as string);
  return `on ${weekday} the ${spellOrdinal(Number(day.slice(8)))} of ${month}`;
}

export function sayWeekday(weekday: Weekday): string {
  return capital(weekday);
}
