import { ParleyError } from "@parley/engine";

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Times of day as `HH:MM`, local to the business. */
export interface OpenHours {
  opens: string;
  closes: string;
}

/** What the receptionist knows about the place it answers for. */
export interface Business {
  name: string;
  address: string;
  /** null: closed that day. */
  hours: Readonly<Record<Weekday, OpenHours | null>>;
  /** Told, sentence by sentence, when somebody asks for the story. */
  story: readonly string[];
  /** People at one booking at most. */
  largestParty: number;
}

const usual: OpenHours = { opens: "09:00", closes: "18:00" };
const late: OpenHours = { opens: "09:00", closes: "22:00" };

export const GARDEN_CAFE: Business = {
  name: "the Garden Cafe",
  address: "12 Station Road, next to the library",
  hours: {
    monday: null,
    tuesday: usual,
    wednesday: usual,
    thursday: usual,
    friday: late,
    saturday: late,
    sunday: { opens: "10:00", closes: "16:00" },
  },
  story: [
    "The Garden Cafe began as a flower shop with one small table by the window.",
    "The owner, Rosa, made coffee for people who waited for the rain to stop.",
    "Soon they came for the coffee and forgot the flowers.",
    "One winter the roof broke under the snow, and the whole street came to help.",
    "When it was repaired, Rosa gave everyone a slice of apple cake to say thank you.",
    "That cake is still on the menu, made by the same recipe.",
    "Later her daughter took over and planted the garden behind the house.",
    "In summer you can sit there under the old pear tree, and in the evening there is music.",
    "And the small table by the window is still there, so come and see it.",
  ],
  largestParty: 12,
};

/** Minutes since midnight. Throws ParleyError `receptionist-bad-hours`. */
export function minutesOf(time: string): number {
  const match = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(time);
  if (match === null) {
    throw new ParleyError(`Opening hours must look like "09:30", but one is "${time}"`, {
      code: "receptionist-bad-hours",
      category: "configuration",
    });
  }
  return Number(match[1]) * 60 + Number(match[2]);
}

/** Opening and closing in minutes since midnight, or null on a closed day. */
export function openMinutes(business: Business, weekday: Weekday): { opens: number; closes: number } | null {
  const hours = business.hours[weekday];
  if (hours === null) return null;
  const [opens, closes] = [minutesOf(hours.opens), minutesOf(hours.closes)];
  if (opens >= closes) {
    throw new ParleyError(`${business.name} opens at ${hours.opens} and closes at ${hours.closes} on ${weekday}`, {
      code: "receptionist-bad-hours",
      category: "configuration",
    });
  }
  return { opens, closes };
}

/** Throws on hours that make no sense, before the first call rather than in it. */
export function checkBusiness(business: Business): void {
  for (const weekday of WEEKDAYS) openMinutes(business, weekday);
}
