import { type Business, openMinutes, WEEKDAYS, type Weekday } from "./business.ts";
import { type Day, sayDay, sayWeekday, weekdayOf } from "./days.ts";
import { sayTime } from "./times.ts";

/** The answer about one day. */
export function sayHoursOn(business: Business, day: Day, today: Day): string {
  const weekday = weekdayOf(day);
  const hours = openMinutes(business, weekday);
  const when = sayDay(day, today);
  const named = when.startsWith("on ") ? when : `${when}, ${sayWeekday(weekday)},`;
  if (hours === null) return `We are closed ${named.replace(/,$/, "")}.`;
  return `We are open ${named} from ${sayTime(hours.opens)} to ${sayTime(hours.closes)}.`;
}

/** The whole week, neighbouring days with the same hours told as one. */
export function sayWeek(business: Business): string {
  const week: Weekday[] = [...WEEKDAYS.slice(1), "sunday"];
  const groups: { days: Weekday[]; hours: string | null }[] = [];
  for (const weekday of week) {
    const open = openMinutes(business, weekday);
    const hours = open === null ? null : `from ${sayTime(open.opens)} to ${sayTime(open.closes)}`;
    const last = groups.at(-1);
    if (last !== undefined && last.hours === hours) last.days.push(weekday);
    else groups.push({ days: [weekday], hours });
  }
  const open = groups.filter((group) => group.hours !== null);
  const closed = groups.filter((group) => group.hours === null);
  const parts = open.map((group, index) => `${index === 0 ? "We are open " : ""}${sayDays(group.days)} ${group.hours}`);
  const first = open.length === 0 ? "We are closed at the moment." : `${list(parts)}.`;
  return closed.length === 0 || open.length === 0
    ? first
    : `${first} We are closed ${list(closed.map((group) => sayDays(group.days)))}.`;
}

/** `open` says until when, `closed` says so; for "are you open now?". */
export function sayOpenNow(business: Business, day: Day, minutes: number): string {
  const hours = openMinutes(business, weekdayOf(day));
  if (hours === null) return "No, we are closed today.";
  if (minutes < hours.opens) return `Not yet, we open at ${sayTime(hours.opens)} today.`;
  if (minutes >= hours.closes) return `No, we closed at ${sayTime(hours.closes)} today.`;
  return `Yes, we are open until ${sayTime(hours.closes)} today.`;
}

function sayDays(days: readonly Weekday[]): string {
  const [first, last] = [days[0] as Weekday, days.at(-1) as Weekday];
  if (days.length === 1) return `on ${sayWeekday(first)}`;
  return `${sayWeekday(first)} ${days.length === 2 ? "and" : "to"} ${sayWeekday(last)}`;
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
