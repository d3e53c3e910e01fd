import fc from "fast-check";
import { expect, it } from "vitest";
import { factsMessage } from "./facts-message.ts";
import { parseFromWorker } from "./messages.ts";

const fact = {
  callId: "c-1",
  epoch: 2,
  seq: 7,
  at: 1250.5,
  type: "speech-started",
  participantId: "p",
  words: [{ a: 1 }],
};
const message = { type: "facts", batch: 3, callId: "c-1", epoch: 2, facts: [fact, { ...fact, seq: 8 }] };

it("knows the message that workers write, as it is", () => {
  expect(factsMessage(message)).toBe(message);
});

const odd = fc.constantFrom(
  ...[undefined, null, true, "", "c-1", "c 1", "x".repeat(129), "facts", [], {}],
  ...[0, -1, 1, 2, 1.5, 2_147_483_648, Number.NaN, Number.POSITIVE_INFINITY],
);
const field = (of: object) => fc.constantFrom(...Object.keys(of), "more", "__proto__");

it("takes nothing that the schema refuses, and gives what the schema gives", () => {
  const changed = fc.record({
    outer: fc.option(fc.tuple(field(message), odd)),
    inner: fc.option(fc.tuple(field(fact), odd)),
  });
  const set = (of: object, [key, value]: [string, unknown]) => {
    const { [key]: _, ...rest } = of as Record<string, unknown>;
    const copy = { ...rest };
    if (value !== undefined)
      Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true });
    return copy;
  };
  fc.assert(
    fc.property(changed, ({ outer, inner }) => {
      const facts = [fact, inner ? set(fact, inner) : fact];
      const json = outer ? set({ ...message, facts }, outer) : { ...message, facts };
      const quick = factsMessage(json);
      if (quick === null) return;
      // By way of the schema alone: one key more is no message of ours.
      expect(parseFromWorker(JSON.stringify({ ...json, more: 1 }), false)).toEqual(JSON.parse(JSON.stringify(quick)));
    }),
    { numRuns: 2_000 },
  );
});
