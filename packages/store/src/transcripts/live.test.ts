import type { Fact } from "@parley/conversation";
import { expect, test } from "vitest";
import type { StoredFact } from "../facts/fact.ts";
import type { CallNews } from "../projections/projection.ts";
import { liveWords } from "./live.ts";

/** Every other fact is a turn with one word; between them somebody only begins to speak. */
function log(callId: string, words: readonly string[], epoch = 1): StoredFact[] {
  return words.flatMap((text, index) => {
    const envelope = { callId, epoch, at: index * 100, version: 1 };
    const [turnId, participantId] = [`t${index}`, "p"];
    return [
      {
        ...envelope,
        seq: 2 * index + 1,
        type: "turn-opened",
        turnId,
        participantId,
        via: "text",
        startMs: 0,
        overReplyId: null,
      },
      {
        ...envelope,
        seq: 2 * index + 2,
        type: "turn-committed",
        turnId,
        participantId,
        text,
        understood: true,
        endMs: 0,
      },
    ];
  });
}

function news(facts: StoredFact[], afterSeq: number, upToSeq: number, epoch = 1): CallNews {
  const read = facts.filter(({ seq }) => seq > afterSeq && seq <= upToSeq);
  const callId = facts[0]?.callId ?? "";
  return {
    callId,
    facts: read,
    afterSeq,
    upToSeq,
    epoch,
    fromStart: false,
    isLast: false,
    endedAt: null,
  } as unknown as CallNews;
}

function setUp(options: Parameters<typeof liveWords>[0] = {}) {
  const words = liveWords(options);
  const readWhole: string[] = [];
  const logs = new Map<string, StoredFact[]>();
  return {
    readWhole,
    forget: words.forget,
    async follow(...calls: [facts: StoredFact[], afterSeq: number, upToSeq: number, epoch?: number][]) {
      for (const [facts] of calls) logs.set(facts[0]?.callId ?? "", facts);
      const said = await words.follow(
        calls.map((call) => news(...call)),
        async (callId, upTo) => {
          readWhole.push(callId);
          return (logs.get(callId) ?? []).filter(({ seq }) => seq <= upTo) as unknown as Fact[];
        },
      );
      return said.map((one) => `${one.callId}: ${one.said.join(" ")}`);
    },
  };
}

test("a call's words grow with it, and its log is never read again", async () => {
  const t = setUp();
  const facts = log("c", ["one", "two", "three"]);
  expect(await t.follow([facts, 0, 2])).toEqual(["c: one"]);
  expect(await t.follow([facts, 2, 3])).toEqual([]);
  expect(await t.follow([facts, 3, 6])).toEqual(["c: one two three"]);
  expect(t.readWhole).toEqual([]);
});

test("what is not known up to the news, of another owner or forgotten, is read from the beginning, once", async () => {
  const t = setUp();
  const facts = log("c", ["one", "two", "three", "four"]);
  expect(await t.follow([facts, 2, 4])).toEqual(["c: one two"]);
  expect(await t.follow([facts, 4, 6])).toEqual(["c: one two three"]);
  expect(t.readWhole).toEqual(["c"]);
  // Another replica has read on meanwhile.
  t.readWhole.length = 0;
  const more = log("c", ["one", "two", "three", "four", "five", "six"]);
  expect(await t.follow([more, 10, 12])).toEqual(["c: one two three four five six"]);
  expect(t.readWhole).toEqual(["c"]);
  const rewritten = log("c", ["one", "other"], 2);
  expect(await t.follow([rewritten, 0, 4, 2])).toEqual(["c: one other"]);
  t.forget("c");
  expect(await t.follow([log("c", ["one", "other", "end"], 2), 4, 6, 2])).toEqual(["c: one other end"]);
  expect(t.readWhole).toEqual(["c", "c"]);
});

test("after a restart so many logs are read at once, the others with their next words; where nothing is said, none", async () => {
  const t = setUp({ mostRead: 1 });
  const [a, b, c] = ["a", "b", "c"].map((callId) => log(callId, ["one", "two", "three"])) as [
    StoredFact[],
    StoredFact[],
    StoredFact[],
  ];
  expect(await t.follow([c, 2, 3], [a, 2, 4], [b, 2, 4])).toEqual(["a: one two"]);
  expect(await t.follow([a, 4, 6], [b, 4, 6])).toEqual(["a: one two three", "b: one two three"]);
  expect(t.readWhole).toEqual(["a", "b"]);
});

test("nothing is kept of a call that is silent for ten minutes, or followed elsewhere: it takes nobody's place", async () => {
  let nowMs = 0;
  const t = setUp({ mostCalls: 1, now: () => nowMs });
  const [a, b] = [log("a", ["one", "two"]), log("b", ["one", "two"])];
  expect(await t.follow([a, 0, 2])).toEqual(["a: one"]);
  nowMs = 9 * 60_000;
  expect(await t.follow([b, 0, 2])).toEqual([]);
  nowMs = 10 * 60_000;
  expect(await t.follow([b, 2, 4])).toEqual(["b: one two"]);
  expect(await t.follow([a, 2, 4])).toEqual([]);
});

test("no more calls are remembered than may be; one that ends makes room", async () => {
  const t = setUp({ mostCalls: 1 });
  const [a, b] = [log("a", ["one", "two"]), log("b", ["one", "two"])];
  expect(await t.follow([a, 0, 2], [b, 0, 2])).toEqual(["a: one"]);
  t.forget("a");
  expect(await t.follow([b, 2, 4])).toEqual(["b: one two"]);
});
