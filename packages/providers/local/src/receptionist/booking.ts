import { spellNumber } from "../english/numbers.ts";
import { type Business, openMinutes } from "./business.ts";
import { type Day, readDay, sayDay, weekdayOf } from "./days.ts";
import { readAnnouncedName, readName, readPeople } from "./slots.ts";
import { readTime, type SpokenTime, sayTime, settleTime } from "./times.ts";

/** What of a booking is known. */
export interface Booking {
  day?: Day;
  /** Minutes since midnight, within opening hours. */
  time?: number;
  people?: number;
  name?: string;
}

export type BookingStep = "day" | "time" | "people" | "name" | "confirm" | "what-to-change";

/** The moment of the call, in the business's local time. */
export interface Moment {
  today: Day;
  minutes: number;
}

export interface BookingTurn {
  booking: Booking;
  /** Something of this booking was named. */
  changed: boolean;
  /** Why something named cannot be had, to be said before the next question. */
  objection: string | undefined;
}

/** Takes what these words say about the booking; what is named again replaces what was known. */
export function takeSlots(
  booking: Booking,
  tokens: readonly string[],
  step: BookingStep | undefined,
  business: Business,
  moment: Moment,
): BookingTurn {
  const day = readDay(tokens, moment.today);
  const bareTime = step === "time";
  const spoken = readTime(tokens, bareTime) ?? (step === "confirm" ? bareCorrection(tokens) : undefined);
  const people = readPeople(tokens, step === "people");
  const name =
    readAnnouncedName(tokens) ??
    (step === "name" && day === undefined && spoken === undefined ? readName(tokens) : undefined);
  const next: Booking = { ...booking };
  const objections: string[] = [];
  if (people !== undefined) {
    if (people <= business.largestParty) next.people = people;
    else objections.push(`I am sorry, our largest table is for ${spellNumber(business.largestParty)} people.`);
  }
  if (name !== undefined) next.name = name;
  if (day !== undefined) {
    next.day = day;
    // The hours of the new day decide about the time; it was said for the old one.
    if (spoken === undefined && next.time !== undefined)
      objections.push(...refuseTime(next, next.time, business, moment));
  }
  if (next.day !== undefined && openMinutes(business, weekdayOf(next.day)) === null) {
    objections.push(`I am sorry, we are closed ${sayDay(next.day, moment.today)}.`);
    delete next.day;
  }
  if (spoken !== undefined) objections.push(...takeTime(next, spoken, business, moment));
  return {
    booking: next,
    changed: (day ?? spoken ?? people ?? name) !== undefined,
    objection: objections[0],
  };
}

/** "make it eight" at the confirmation: a lone number can only be the time. */
function bareCorrection(tokens: readonly string[]): SpokenTime | undefined {
  return /\b(make (it|that)|rather|better|instead)\b/.test(tokens.join(" ")) && readPeople(tokens, false) === undefined
    ? readTime(tokens, true)
    : undefined;
}

function takeTime(next: Booking, spoken: SpokenTime, business: Business, moment: Moment): string[] {
  const open = next.day === undefined ? null : openMinutes(business, weekdayOf(next.day));
  next.time = settleTime(spoken, open ?? { opens: 9 * 60, closes: 22 * 60 });
  return refuseTime(next, next.time, business, moment);
}

/** Drops a time at which nobody can come, and says why. */
function refuseTime(next: Booking, time: number, business: Business, moment: Moment): string[] {
  if (next.day === undefined) return [];
  const open = openMinutes(business, weekdayOf(next.day));
  const when = sayDay(next.day, moment.today);
  if (open !== null && (time < open.opens || time >= open.closes)) {
    delete next.time;
    return [`I am sorry, ${when} we are open from ${sayTime(open.opens)} to ${sayTime(open.closes)}.`];
  }
  if (next.day === moment.today && time <= moment.minutes) {
    delete next.time;
    return [`I am sorry, ${sayTime(time)} has already passed today.`];
  }
  return [];
}

/** What is to be asked next. */
export function nextStep(booking: Booking): BookingStep {
  if (booking.day === undefined) return "day";
  if (booking.time === undefined) return "time";
  if (booking.people === undefined) return "people";
  return booking.name === undefined ? "name" : "confirm";
}

export function question(booking: Booking, step: BookingStep, moment: Moment): string {
  switch (step) {
    case "day":
      return "For which day would you like the table?";
    case "time":
      return `At what time ${sayDay(booking.day ?? moment.today, moment.today)}?`;
    case "people":
      return "For how many people?";
    case "name":
      return "And under what name?";
    case "confirm":
      return `${describe(booking, moment)} Is that right?`;
    case "what-to-change":
      return "What shall I change: the day, the time, the number of people or the name?";
    default:
      return step satisfies never;
  }
}

/** `A table for four people on Friday at 7 pm, under the name Maria.` */
export function describe(booking: Booking, moment: Moment): string {
  const people = booking.people ?? 1;
  const size = people === 1 ? "one person" : `${spellNumber(people)} people`;
  const day = sayDay(booking.day ?? moment.today, moment.today);
  return `A table for ${size} ${day} at ${sayTime(booking.time ?? 0)}, under the name ${booking.name ?? "unknown"}.`;
}

/** The detail that "the time is wrong" speaks of. */
export function namedDetail(tokens: readonly string[]): "day" | "time" | "people" | "name" | undefined {
  const text = tokens.join(" ");
  if (/\b(day|date)\b/.test(text)) return "day";
  if (/\b(time|hour)\b/.test(text)) return "time";
  if (/\b(people|number|persons|guests)\b/.test(text)) return "people";
  if (/\bname\b/.test(text)) return "name";
  return undefined;
}
