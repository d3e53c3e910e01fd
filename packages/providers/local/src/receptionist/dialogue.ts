import { readDigits } from "../english/numbers.ts";
import {
  type Booking,
  type BookingStep,
  describe,
  type Moment,
  namedDetail,
  nextStep,
  question,
  takeSlots,
} from "./booking.ts";
import type { Business } from "./business.ts";
import { readDay } from "./days.ts";
import { type Intent, intentOf } from "./intents.ts";
import { sayHoursOn, sayOpenNow, sayWeek } from "./opening.ts";
import { orderStatus, sayDigits } from "./orders.ts";
import { tokenize } from "./tokens.ts";

/** Where the conversation stands: derived from the history, never stored. */
export type Dialogue =
  | { at: "open"; booked?: Booking }
  | { at: "booking"; booking: Booking; step: BookingStep; booked?: Booking }
  | { at: "order-number"; booked?: Booking };

export interface Turn {
  dialogue: Dialogue;
  reply: string;
}

export const OPENING: Dialogue = { at: "open" };
const HINT = "You can ask for our opening hours, book a table, or ask about an order.";

/** What this person said, answered. Pure. */
export function answer(dialogue: Dialogue, text: string, business: Business, moment: Moment): Turn {
  const tokens = tokenize(text);
  const intent = intentOf(tokens);
  switch (dialogue.at) {
    case "booking":
      return duringBooking(dialogue, tokens, intent, business, moment);
    case "order-number": {
      const digits = readDigits(tokens);
      if (digits !== undefined && intent !== "book" && intent !== "hours") return tellOrder(dialogue, digits);
      if (intent === "cancel" || intent === "no") return idle(dialogue, "All right. What else can I do for you?");
      if (intent === "unclear" || intent === "order") {
        return { dialogue, reply: "Please tell me the number of your order, digit by digit." };
      }
      return whenOpen({ ...dialogue, at: "open" }, tokens, intent, business, moment);
    }
    case "open":
      return whenOpen(dialogue, tokens, intent, business, moment);
    default:
      return dialogue satisfies never;
  }
}

type Booked = { booked?: Booking };
const kept = ({ booked }: Booked): Booked => (booked === undefined ? {} : { booked });
const idle = (from: Booked, reply: string): Turn => ({ dialogue: { at: "open", ...kept(from) }, reply });

function whenOpen(
  dialogue: Extract<Dialogue, { at: "open" }>,
  tokens: readonly string[],
  intent: Intent,
  business: Business,
  moment: Moment,
): Turn {
  const { booked } = dialogue;
  if (intent === "book" || (intent === "unclear" && /\bfor \w+ people\b/.test(tokens.join(" ")))) {
    return takeBooking({}, tokens, undefined, dialogue, business, moment);
  }
  if (intent === "change" && booked !== undefined) {
    const detail = namedDetail(tokens);
    const turn = takeSlots(booked, tokens, undefined, business, moment);
    if (turn.changed) return ask(turn.booking, nextStep(turn.booking), dialogue, moment, turn.objection);
    return ask(booked, detail ?? "what-to-change", dialogue, moment);
  }
  if (intent === "cancel") {
    if (booked === undefined) return idle({}, "All right, there is nothing to cancel. What else can I do for you?");
    return idle({}, `I have cancelled it: ${describe(booked, moment)} What else can I do for you?`);
  }
  if (intent === "order") {
    const digits = readDigits(tokens);
    if (digits !== undefined) return tellOrder(dialogue, digits);
    return {
      dialogue: { at: "order-number", ...kept(dialogue) },
      reply: "Of course. What is the number of your order?",
    };
  }
  return idle(dialogue, smallAnswer(tokens, intent, business, moment) ?? `I am sorry, I can't help with that. ${HINT}`);
}

function duringBooking(
  dialogue: Extract<Dialogue, { at: "booking" }>,
  tokens: readonly string[],
  intent: Intent,
  business: Business,
  moment: Moment,
): Turn {
  const { booking, step } = dialogue;
  if (intent === "cancel") return idle(dialogue, "All right, I have not booked anything. What else can I do for you?");
  if (intent === "goodbye")
    return idle(dialogue, "All right, I have not booked anything. Thank you for calling. Goodbye!");
  const aside =
    intent === "hours" || intent === "place" || intent === "identity" || intent === "help" || intent === "story";
  if (aside) {
    const told = smallAnswer(tokens, intent, business, moment) ?? "";
    return { dialogue, reply: `${told} Now to your table. ${question(booking, step, moment)}` };
  }
  if (intent === "order") {
    return whenOpen({ at: "open", ...kept(dialogue) }, tokens, intent, business, moment);
  }
  const turn = takeSlots(booking, tokens, step, business, moment);
  if (turn.changed || turn.objection !== undefined) {
    return ask(turn.booking, nextStep(turn.booking), dialogue, moment, turn.objection);
  }
  const detail = intent === "change" || intent === "no" || step === "what-to-change" ? namedDetail(tokens) : undefined;
  if (detail !== undefined) return ask(booking, detail, dialogue, moment);
  if (step === "confirm" || step === "what-to-change") {
    if (intent === "yes" || (step === "confirm" && intent === "thanks")) return confirmed(booking, moment);
    if (intent === "no" || intent === "change") return ask(booking, "what-to-change", dialogue, moment);
    return ask(booking, step, dialogue, moment, "I am sorry, I did not get that.");
  }
  if (intent === "no") return idle(dialogue, "All right, no booking then. What else can I do for you?");
  return ask(booking, step, dialogue, moment, intent === "unclear" ? `I am sorry, I did not get that.` : undefined);
}

function takeBooking(
  booking: Booking,
  tokens: readonly string[],
  step: BookingStep | undefined,
  from: Booked,
  business: Business,
  moment: Moment,
): Turn {
  const turn = takeSlots(booking, tokens, step, business, moment);
  return ask(turn.booking, nextStep(turn.booking), from, moment, turn.objection ?? "With pleasure.");
}

function ask(booking: Booking, step: BookingStep, from: Booked, moment: Moment, before?: string): Turn {
  const asked = question(booking, step, moment);
  return {
    dialogue: { at: "booking", booking, step, ...kept(from) },
    reply: before === undefined ? asked : `${before} ${asked}`,
  };
}

function confirmed(booking: Booking, moment: Moment): Turn {
  return {
    dialogue: { at: "open", booked: booking },
    reply: `It is booked. ${describe(booking, moment)} This is a demonstration, so no real table is kept. Can I do anything else for you?`,
  };
}

function tellOrder(from: Booked, digits: string): Turn {
  return idle(
    from,
    `Your order number ${sayDigits(digits)} ${orderStatus(digits)}. This is a demonstration, so I made that up. Can I do anything else for you?`,
  );
}

function smallAnswer(
  tokens: readonly string[],
  intent: Intent,
  business: Business,
  moment: Moment,
): string | undefined {
  switch (intent) {
    case "hours": {
      if (/\b(now|right now|at the moment|still|already)\b/.test(tokens.join(" "))) {
        return sayOpenNow(business, moment.today, moment.minutes);
      }
      const day = readDay(tokens, moment.today);
      return day === undefined ? sayWeek(business) : sayHoursOn(business, day, moment.today);
    }
    case "story":
      return business.story.join(" ");
    case "place":
      return `You find ${business.name} at ${business.address}.`;
    case "identity":
      return `I am the receptionist of ${business.name}, a demonstration that follows simple rules: there is no language model behind me. ${HINT}`;
    case "help":
      return HINT;
    case "how-are-you":
      return "I am fine, thank you. How can I help you?";
    case "thanks":
      return "You are welcome. Can I do anything else for you?";
    case "greeting":
      return `Hello, this is ${business.name}. How can I help you?`;
    case "goodbye":
      return "Thank you for calling. Goodbye!";
    case "yes":
      return `What can I do for you? ${HINT}`;
    case "no":
      return "All right. Thank you for calling. Goodbye!";
    default:
      return undefined;
  }
}
