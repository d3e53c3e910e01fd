import type { LlmEvent, LlmRequest, ParleyError } from "@parley/engine";
import { expect, test } from "vitest";
import { receptionistLlm } from "./llm.ts";

/** A Thursday, three in the afternoon. */
const now = () => new Date(2026, 10, 19, 15, 0);
const llm = receptionistLlm({ now });

function request(messages: LlmRequest["messages"]): LlmRequest {
  return { instructions: "Be kind.", messages, tools: [], toolChoice: "auto", language: "en" };
}

async function say(messages: LlmRequest["messages"]): Promise<string> {
  let text = "";
  for await (const event of llm.stream(request(messages), new AbortController().signal)) {
    if (event.type === "text") text += event.text;
  }
  return text;
}

/** A conversation; what the agent said in between is in the history, as it is in a call. */
async function talk(...said: string[]): Promise<string> {
  const messages: LlmRequest["messages"][number][] = [];
  for (const text of said) {
    messages.push({ role: "user", text, participantId: "caller" });
    messages.push({ role: "assistant", text: await say(messages) });
  }
  return messages.at(-1)?.role === "assistant" ? (messages.at(-1) as { text: string }).text : "";
}

test.each([
  [
    "what are your opening hours",
    /Tuesday to Thursday from 9 am to 6 pm, Friday and Saturday from 9 am to 10 pm and on Sunday from 10 am to 4 pm\. We are closed on Monday\./,
  ],
  ["When do you close on Friday?", /open tomorrow, Friday, from 9 am to 10 pm/],
  ["are you open on sunday", /on Sunday from 10 am to 4 pm/],
  ["are you open on monday", /closed on Monday/],
  ["what time do you open today", /open today, Thursday, from 9 am to 6 pm/],
  ["are you open right now", /^Yes, we are open until 6 pm/],
  ["hello", /Hello, this is the Garden Cafe/],
  ["thank you very much", /You are welcome/],
  ["okay bye", /Goodbye/],
  ["please hang up", /Goodbye/],
  ["no thanks that's all", /Goodbye/],
  ["who are you", /demonstration.*no language model/],
  ["are you a robot", /no language model/],
  ["where are you", /Station Road/],
  ["what can you do", /opening hours, book a table/],
  ["can you help me book a table", /which day/],
  ["the quick brown fox", /sorry.*opening hours/],
])("%j is answered %s", async (said, expected) => {
  expect(await talk(said)).toMatch(expected);
});

test("the story is long enough to be interrupted", async () => {
  const story = await talk("tell me the story of the shop");
  expect(story.split(/[.!?](?:\s|$)/).filter(Boolean).length).toBeGreaterThanOrEqual(6);
});

test.each([
  [["i would like to book a table"], /For which day/],
  [["book a table", "tomorrow"], /At what time tomorrow\?/],
  [["book a table", "on saturday", "at seven"], /how many people/],
  [["book a table", "on saturday", "seven thirty", "four"], /what name/],
  [
    ["book a table", "saturday", "seven", "four", "maria"],
    /table for four people on Saturday at 7 pm, under the name Maria\. Is that right\?/,
  ],
  [["can i reserve a table for two tomorrow at half past six"], /what name/],
  [
    ["Book a table for 4 tomorrow at 7pm under the name Smith"],
    /four people tomorrow at 7 pm, under the name Smith\. Is that right/,
  ],
  [
    ["a table for six people on the fifth of december at noon", "my name is john miller"],
    /six people on Saturday the fifth of December at noon, under the name John Miller/,
  ],
  [
    ["book a table for tomorrow", "at quarter to eight in the evening", "just me", "it's peter please"],
    /one person tomorrow at 7:45 pm, under the name Peter/,
  ],
  [["book a table for monday"], /closed on Monday\. For which day/],
  [["book a table for sunday at eight pm"], /on Sunday we are open from 10 am to 4 pm\. At what time on Sunday/],
  [["book a table for today at two pm"], /already passed/],
  [["book a table for twenty people"], /largest table is for twelve people/],
  [["book a table", "when do you open on friday"], /from 9 am to 10 pm\. Now to your table\. For which day/],
  [["book a table", "never mind"], /not booked anything/],
  [["book a table", "tomorrow", "goodbye"], /Goodbye/],
  [["book a table", "the purple elephant"], /did not get that\. For which day/],
] as [string[], RegExp][])("booking: %j ends in %s", async (said, expected) => {
  expect(await talk(...said)).toMatch(expected);
});

const full = ["book a table for two on saturday at seven", "maria"];
test.each([
  [["yes"], /It is booked\. A table for two people on Saturday at 7 pm, under the name Maria\..*demonstration/],
  [["yes that is correct"], /It is booked/],
  [["no"], /What shall I change/],
  [["no", "the time", "eight", "yes"], /It is booked.* at 8 pm/],
  [["no the name is wrong", "anna", "yes"], /It is booked.*name Anna/],
  [["no make it three people"], /table for three people on Saturday at 7 pm.*Is that right/],
  [["no make it eight"], /at 8 pm.*Is that right/],
  [["not saturday sunday at one"], /on Sunday at 1 pm.*Is that right/],
  [["no at eight instead of seven"], /at 8 pm.*Is that right/],
  [["actually on sunday"], /on Sunday we are open from 10 am to 4 pm\. At what time on Sunday/],
  [["cancel that"], /not booked anything/],
  [["yes", "cancel my booking"], /cancelled it: A table for two/],
  [["yes", "change my booking to eight o'clock"], /at 8 pm.*Is that right/],
  [["yes", "i want to change the day of my booking", "sunday", "at noon"], /on Sunday at noon.*Is that right/],
  [["yes", "what did you say"], /It is booked/],
  [["mumble"], /did not get that.*Is that right/],
] as [string[], RegExp][])("confirming: %j ends in %s", async (said, expected) => {
  expect(await talk(...full, ...said)).toMatch(expected);
});

test.each([
  [["where is my order"], /number of your order/],
  [["where is my order", "four seven one one"], /order number 4 7 1 1 .*made that up/],
  [["where is my order", "forty seven eleven"], /order number 4 7 1 1 /],
  [["what is the status of order number one two double three"], /order number 1 2 3 3 /],
  [["where is my order", "i don't know"], /digit by digit/],
  [["where is my order", "never mind"], /What else/],
  [["where is my order", "book a table"], /For which day/],
] as [string[], RegExp][])("orders: %j ends in %s", async (said, expected) => {
  expect(await talk(...said)).toMatch(expected);
});

test("the same order number always has the same status", async () => {
  expect(await talk("status of order 815")).toBe(await talk("where is my order", "eight one five"));
});

test.each(["can you repeat that please", "pardon", "say that again", "sorry, what did you say"])(
  "%j has the last reply again, and the conversation goes on where it was",
  async (again) => {
    const before = await talk("book a table", "tomorrow");
    expect(await talk("book a table", "tomorrow", again)).toBe(before);
    expect(await talk("book a table", "tomorrow", again, "at five")).toMatch(/how many people/);
  },
);

test("nothing said yet is greeted", async () => {
  expect(await say([])).toMatch(/^Hello/);
});

test("the answer comes word by word and ends with its usage", async () => {
  const events: LlmEvent[] = [];
  const messages = [{ role: "user" as const, text: "hello there", participantId: "caller" }];
  for await (const event of llm.stream(request(messages), new AbortController().signal)) events.push(event);
  const words = events.filter((event) => event.type === "text");
  expect(words.length).toBeGreaterThan(5);
  expect(events.at(-1)).toEqual({
    type: "end",
    finishReason: "stop",
    usage: { inputTokens: 4, outputTokens: words.length },
  });
});

test("an aborted answer ends as cancelled, before and during", async () => {
  const ending = new AbortController();
  const reader = llm.stream(request([]), ending.signal)[Symbol.asyncIterator]();
  await reader.next();
  ending.abort();
  const cancelled = { category: "cancelled" } satisfies Partial<ParleyError>;
  await expect(reader.next()).rejects.toMatchObject(cancelled);
  await expect(llm.stream(request([]), ending.signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject(cancelled);
});

test("another business answers with its own facts; hours that make no sense stop the start", async () => {
  const bakery = receptionistLlm({
    business: { name: "the Bakery", hours: { ...weekOf("06:00", "12:30"), sunday: null } },
    now,
  });
  let text = "";
  const messages = [{ role: "user" as const, text: "when are you open", participantId: "caller" }];
  for await (const event of bakery.stream(request(messages), new AbortController().signal)) {
    if (event.type === "text") text += event.text;
  }
  expect(text).toBe("We are open Monday to Saturday from 6 am to 12:30 pm. We are closed on Sunday.");
  expect(() => receptionistLlm({ business: { hours: weekOf("9 o'clock", "18:00") } })).toThrow(/"9 o'clock"/);
  expect(() => receptionistLlm({ business: { hours: weekOf("18:00", "09:00") } })).toThrow(/closes at 09:00/);
});

function weekOf(opens: string, closes: string) {
  const day = { opens, closes };
  return { sunday: day, monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day };
}
