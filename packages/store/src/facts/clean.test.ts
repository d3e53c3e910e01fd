import { expect, test } from "vitest";
import { cleanJson, cleanJsonText, cleanText } from "./clean.ts";
import { toRow } from "./row.ts";

test("text loses what Postgres cannot hold, and nothing else", () => {
  expect(cleanText("a\0b")).toBe("a\uFFFDb");
  expect(cleanText("\ud83d")).toBe("\uFFFD");
  expect(cleanText("grüß 👋 \\u0000 \n")).toBe("grüß 👋 \\u0000 \n");
  expect(cleanText("👋👋", 3)).toBe("👋\uFFFD");
});

test("JSON is cleaned in keys and values, at any place", () => {
  expect(cleanJson({ "a\0": ["x\0", { b: null, c: 1, d: true }] })).toEqual({
    "a\uFFFD": ["x\uFFFD", { b: null, c: 1, d: true }],
  });
  const own = cleanJson(JSON.parse('{"__proto__":{"admin":true}}')) as object;
  expect(Object.keys(own)).toEqual(["__proto__"]);
  expect((own as { admin?: boolean }).admin).toBeUndefined();
});

test("a fact's size is counted in bytes, not in characters", () => {
  const envelope = { callId: "c", epoch: 1, seq: 1, at: 0, version: 1, type: "t" };
  expect(toRow({ ...envelope, text: "ü".repeat(120_000) }, null).body).toContain("ü");
  expect(toRow({ ...envelope, text: "ü".repeat(140_000) }, null).body).toBe(
    '{"version":1,"omitted":{"bytes":280023,"limitBytes":262144}}',
  );
});

test("the text of clean JSON is that of the JSON itself, however it was made", () => {
  let deep: unknown = "bottom";
  for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
  for (const value of [{ a: "grüß \n", b: [1, { c: "\u0001" }] }, { a: "x\0", "\ud800": 1 }, { deep }])
    expect(cleanJsonText(value)).toBe(JSON.stringify(cleanJson(value)));
});
