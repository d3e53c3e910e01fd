import { describe, expect, test } from "vitest";
import type { Line } from "../files/lines.ts";
import { closed, fact, facts } from "../test/log-file.ts";
import { makeBatch } from "./batch.ts";

function lines(...items: (object | string)[]): Line[] {
  let endOffset = 0;
  return items.map((item) => {
    const text = typeof item === "string" ? item : JSON.stringify(item);
    endOffset += Buffer.byteLength(text) + 1;
    return { text, endOffset };
  });
}
const at = { callId: "c", epoch: 1, afterSeq: null, offset: 0, maxBytes: 10_000 };
const seqs = (batch: { facts: string[] }) => batch.facts.map((json) => JSON.parse(json).seq);

describe("a batch", () => {
  test("takes the lines as they are, and notices the end of the call", () => {
    const input = lines(...facts("c", 1, 2), closed("c", 3));
    const result = makeBatch(input, at);
    expect(result).toMatchObject({
      kind: "batch",
      skippedLines: 0,
      batch: { seq: 3, closes: true, offset: input[2]?.endOffset },
    });
    expect(result.kind === "batch" && result.batch.facts).toEqual(input.map((line) => line.text));
  });

  test("stops at its size, but never sends nothing", () => {
    const input = lines(...facts("c", 1, 9));
    const result = makeBatch(input, { ...at, maxBytes: 200 });
    expect(result).toMatchObject({ kind: "batch", batch: { seq: 2, offset: input[1]?.endOffset } });
    expect(makeBatch(input, { ...at, maxBytes: 1 })).toMatchObject({ kind: "batch", batch: { seq: 1 } });
  });

  test("of a later epoch begins where the epoch before ended", () => {
    expect(makeBatch(lines(...facts("c", 58, 60, 2)), { ...at, epoch: 2 })).toMatchObject({ batch: { seq: 60 } });
  });

  test("passes over what the server has, and over ephemeral facts", () => {
    const input = lines(...facts("c", 1, 4), fact("c", 0), fact("c", 5));
    const result = makeBatch(input, { ...at, afterSeq: 3 });
    expect(result.kind === "batch" && seqs(result.batch)).toEqual([4, 5]);
    expect(makeBatch(input, { ...at, afterSeq: 5 })).toMatchObject({ kind: "passed", offset: input.at(-1)?.endOffset });
  });

  test("passes over a torn line that was written again", () => {
    const torn = JSON.stringify(fact("c", 2)).slice(0, 20);
    const result = makeBatch(lines(fact("c", 1), torn, fact("c", 2)), at);
    expect(result).toMatchObject({ kind: "batch", skippedLines: 1 });
    expect(result.kind === "batch" && seqs(result.batch)).toEqual([1, 2]);
  });

  test.each([
    ["a hole", [fact("c", 1), fact("c", 3)], "after fact 1 comes fact 3"],
    ["a torn line that was not", [fact("c", 1), '{"callId":"c"', fact("c", 3)], "after fact 1 comes fact 3"],
    ["another call's fact", [fact("c", 1), fact("d", 2)], "call d"],
    ["another epoch's fact", [fact("c", 1), fact("c", 2, 2)], "epoch 2"],
  ])("refuses a file with %s", (_what, input, problem) => {
    expect(makeBatch(lines(...input), at)).toMatchObject({
      kind: "damaged",
      problem: expect.stringContaining(problem),
    });
  });

  test("keeps only the envelope of a fact that is too large", () => {
    const result = makeBatch(lines(fact("c", 1, 1, { text: "x".repeat(300_000) })), at);
    expect(result.kind === "batch" && JSON.parse(result.batch.facts[0] ?? "")).toEqual({
      ...fact("c", 1),
      omitted: { bytes: expect.any(Number), limitBytes: 262_144 },
    });
  });
});
