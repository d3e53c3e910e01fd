import { expect, test } from "vitest";
import { cleanJson, cleanText } from "./clean.ts";
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
  expect(toRow({ ...envelope, text: "ü".repeat(120_000) }).body).toContain("ü");
  expect(toRow({ ...envelope, text: "ü".repeat(140_000) }).body).toBe(
    '{"version":1,"omitted":{"bytes":280023,"limitBytes":262144}}',
  );
});
