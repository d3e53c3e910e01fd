import { spellNumber, spellOrdinal } from "../english/numbers.ts";
import { WEEKDAYS } from "./business.ts";
import { MONTHS } from "./days.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const HOURS = range(1, 12).map(spellNumber);
const DIGITS = range(0, 9).map(spellNumber);
const SIZES = range(1, 12).map(spellNumber);

const days = [
  ...WEEKDAYS.flatMap((day) => [`on ${day}`, day, `next ${day}`, `this ${day}`, `on ${day} evening`]),
  ...["today", "tomorrow", "tonight", "the day after tomorrow", "tomorrow evening", "tomorrow morning", "this evening"],
  ...range(1, 31).map((day, index) => `on the ${spellOrdinal(day)} of ${MONTHS[index % 12]}`),
  ...MONTHS.map((month, index) => `on ${month} the ${spellOrdinal(index + 1)}`),
];
const times = [
  ...HOURS.flatMap((hour) => [
    `at ${hour}`,
    `at ${hour} o'clock`,
    `at ${hour} p.m.`,
    `at ${hour} thirty`,
    `at half past ${hour}`,
    `at quarter past ${hour}`,
    `at a quarter to ${hour}`,
    `at ${hour} fifteen`,
    `at ${hour} forty five`,
    `at ${hour} in the evening`,
    `around ${hour}`,
  ]),
  ...["at eight a.m.", "at nine a.m.", "at ten a.m.", "at eleven a.m.", "at noon", "at nine in the morning"],
  ...["at ten in the morning", "at three in the afternoon", "at four in the afternoon"],
];
const sizes = SIZES.flatMap((size) => [`for ${size}`, `for ${size} people`]);
const tables = SIZES.flatMap((size) => [`a table for ${size}`, `a table for ${size} people`]);

/** First names and surnames that PocketSphinx's dictionary knows; a closed vocabulary cannot hear any other. */
const names =
  "john maria peter anna david sarah michael lisa thomas laura robert julia james emma daniel sophie paul martin alice george helen richard susan mark linda kevin nancy steven karen brian smith jones brown miller wilson taylor johnson williams davis anderson clark lewis walker hall young king wright green baker adams".split(
    " ",
  );

/** Numbers of three to six digits, laid out so that every digit follows every other. */
const orderNumbers = range(0, 119).map((row) =>
  range(0, 2 + (row % 4))
    .map((place) => DIGITS[(row * 7 + place * (1 + Math.floor(row / 10)) + Math.floor(row / 3)) % 10])
    .join(" "),
);
const pairs = range(20, 99)
  .filter((value) => value % 10 !== 0)
  .map((value) => `${spellNumber(value)} ${spellNumber(10 + (value % 10))}`);

const slots: Record<string, readonly string[]> = {
  day: days,
  time: times,
  size: sizes,
  table: tables,
  people: SIZES,
  hour: [...HOURS, ...HOURS.map((hour) => `${hour} thirty`), ...HOURS.map((hour) => `${hour} o'clock`)],
  weekday: [...WEEKDAYS, "today", "tomorrow"],
  name: names,
  number: [...orderNumbers, ...pairs],
};

const templates = [
  // booking
  "i would like to book {table}",
  "i would like to book {table} {day}",
  "i would like to book {table} {day} {time}",
  "i'd like to reserve {table} {day} {time}",
  "can i book {table} {day}",
  "can i book {table} {day} {time} please",
  "could i reserve {table} {time} {day}",
  "i want to make a reservation {day} {time} {size}",
  "i would like to make a reservation {size} {day}",
  "i need {table} {day}",
  "do you have {table} {day} {time}",
  "book {table} {time}",
  "i would like to make an appointment {day} {time}",
  "can i make an appointment {day}",
  "{day} please",
  "{day} {time}",
  "{time} please",
  "{time} {day}",
  "{hour} please",
  "{hour}",
  "{size} please",
  "{people} people please",
  "there will be {people} of us",
  "{people} of us",
  "there are {people} of us",
  "we are {people}",
  "do you have anything free {day}",
  "do you have anything free {day} {time}",
  "my name is {name}",
  "the name is {name}",
  "under the name {name}",
  "{name} please",
  "this is {name}",
  "it is {name}",
  "{name}",
  "no {time} please",
  "no {day} please",
  "no make it {time}",
  "no make it {people} people",
  "actually {day} {time}",
  "actually {people} people",
  "can we make it {hour} instead",
  "can we say {time} instead",
  "not {weekday} but {weekday}",
  // opening hours
  "are you open {day}",
  "when do you open {day}",
  "when do you close {day}",
  "what time do you open {day}",
  "what time do you close {day}",
  "what are your opening hours {day}",
  "how long are you open {day}",
  "are you closed {day}",
  "are you still open {time}",
  "do you open on {weekday}",
  // orders
  "my order number is {number}",
  "the number is {number}",
  "order number {number}",
  "it is {number}",
  "the order number is {number} please",
  "what is the status of order number {number}",
  "where is my order {number}",
  "i am calling about order {number}",
  "{number}",
];

const sentences = [
  "i would like to book a table",
  "i'd like to book a table please",
  "can i book a table",
  "could you book us a table",
  "can you reserve a table for me",
  "can you book a table for us please",
  "could we have a table please",
  "i want to reserve a table",
  "i would like to make a reservation",
  "i'd like to make an appointment",
  "is there a table free",
  "what are your opening hours",
  "what are your opening hours please",
  "can you tell me your opening hours",
  "when are you open",
  "when do you open",
  "when do you close",
  "are you open right now",
  "are you open on the weekend",
  "are you open now",
  "what time do you close today",
  "where is my order",
  "where is my package",
  "where is my parcel",
  "when will my parcel be delivered",
  "my parcel has not arrived yet",
  "i have not received my order",
  "can you track my delivery",
  "what is the status of my order",
  "can you check my order",
  "i would like to check the status of my order",
  "i would like to ask about my order",
  "i'm calling about my order",
  "when will my order arrive",
  "has my order been sent",
  "i don't know the number",
  "cancel my booking",
  "please cancel my booking",
  "cancel my reservation please",
  "i want to cancel the booking",
  "i want to change my booking",
  "can i change my reservation",
  "change the day",
  "change the time please",
  "change the name",
  "change the number of people",
  "the time is wrong",
  "the day is wrong",
  "the name is wrong",
  "the number is wrong",
  "no that is wrong",
  "yes that is right",
  "yes that's correct",
  "yes please book it",
  "just me",
  "just for me",
  "where are you",
  "where are you located",
  "what is your address",
  "who are you",
  "what is your name",
  "are you a robot",
  "are you a real person",
  "am i talking to a machine",
  "what can you do",
  "what can i ask you",
  "can you help me",
  "i need help",
  "tell me the story of the shop",
  "tell me the story of the cafe",
  "tell me about the cafe",
  "tell me the history of the shop",
  "what is the history of the cafe",
  "tell me something about the shop",
  "tell me a story",
  "how did the cafe begin",
  "stop please",
  "wait a moment",
  "okay thank you that's enough",
];

/**
 * What callers of the receptionist may say: give it to the recogniser as its phrases. Every value of a slot stands in
 * every template once, the other slots turning beside it, so the list grows with the sum and not the product.
 */
export const receptionistPhrases: readonly string[] = [...new Set([...sentences, ...templates.flatMap(fill)])];

function fill(template: string): string[] {
  const used = [...template.matchAll(/\{(\w+)\}/g)].map((match) => slots[match[1] as string] as readonly string[]);
  const rows = Math.max(...used.map((values) => values.length));
  return range(0, rows - 1).map((row) => {
    let turn = 0;
    return template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const values = slots[name] as readonly string[];
      // A step per place keeps two slots of the same kind apart.
      return values[(row * (turn + 1) + turn++) % values.length] as string;
    });
  });
}
