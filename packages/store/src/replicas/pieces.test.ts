import { expect, test } from "vitest";
import { assembler, split } from "./pieces.ts";

const long = JSON.stringify({ text: "grüß 👋 ".repeat(5_000) });

test("a message comes out as it went in, however long and whatever is in it", () => {
  for (const text of ["{}", JSON.stringify({ a: "ü\u2028" }), long]) {
    const assemble = assembler();
    const payloads = split("a-1", 7, text);
    for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
    const whole = payloads.map(assemble).filter((message) => message !== null);
    expect(whole.map(({ sender, text: came }) => [sender, JSON.parse(came)])).toEqual([["a-1", JSON.parse(text)]]);
  }
});

test("messages of several senders come in between each other", () => {
  const assemble = assembler();
  const [a, b] = [split("a", 1, long), split("b", 1, long)];
  const came = a.flatMap((piece, i) => [assemble(piece), assemble(b[i] ?? "")]).filter((one) => one !== null);
  expect(came.map(({ sender }) => sender)).toEqual(["a", "b"]);
});

test("what is not whole is nothing: a missing beginning or middle, garbage", () => {
  const assemble = assembler();
  const [, ...rest] = split("a", 1, long);
  expect([...rest, "garbage", "a.1.x.2:", "", "a.2.5.3:x"].map(assemble).every((one) => one === null)).toBe(true);
  const [first, , ...last] = split("a", 2, long);
  expect([first ?? "", ...last].map(assemble).every((one) => one === null)).toBe(true);
  expect(split("a", 3, "{}").map(assemble)).toEqual([{ sender: "a", text: "{}" }]);
});
