import { expect, test } from "vitest";
import { argumentsCheck } from "./arguments.ts";

const order = {
  type: "object",
  properties: {
    size: { enum: ["small", "large"] },
    count: { type: "integer", minimum: 1 },
    pattern: { type: "string" },
    to: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
  required: ["count"],
  additionalProperties: false,
};

test("what the schema says is right passes", () => {
  const check = argumentsCheck(order);
  check({ count: 1 });
  check({ count: 2, size: "large", pattern: "dots", to: { city: "Oslo", street: "any" } });
});

test.each([
  [{}, /count/],
  [{ count: 0 }, /count/],
  [{ count: "1" }, /count/],
  [{ count: 1, size: "huge" }, /size/],
  [{ count: 1, pattern: 7 }, /pattern/],
  [{ count: 1, to: {} }, /to\.city|city/],
  [{ count: 1, more: true }, /more/],
  [[], /object/],
])("%j is told to the model, so that it can mend it", (args, why) => {
  expect(() => argumentsCheck(order)(args)).toThrow(RangeError);
  expect(() => argumentsCheck(order)(args)).toThrow(why);
});

test("a schema that could hold up the process, or is none, is left to the service", () => {
  const evil = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } };
  argumentsCheck(evil)({ a: `${"a".repeat(40)}!` });
  const levels = Array.from({ length: 40 }, (_, n) => [
    `d${n}`,
    { anyOf: Array(2).fill({ $ref: `#/$defs/d${n + 1}` }) },
  ]);
  const refs = { type: "object", $defs: Object.fromEntries(levels), properties: { a: { $ref: "#/$defs/d0" } } };
  argumentsCheck(refs)({ a: 1 });
  argumentsCheck({ type: "object", patternProperties: { "^x": { type: "string" } } })({ x1: 1 });
  argumentsCheck({ type: "object", properties: { a: { type: "nonsense" } } })({ a: 1 });
});
