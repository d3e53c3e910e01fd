import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@parley/conversation";
import { readCallFiles } from "@parley/engine";
import { afterAll, describe, expect, it } from "vitest";
import { none, type Scene, scene } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "parley-cut-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asked = "Book a table for two, please.";
const settings = { speculation: { policy: "never" as const } };

/** A call that books a table: speech in, a tool that does something, speech out. */
function booking(ran: string[]): Scene {
  const book = {
    name: "book",
    description: "Books.",
    parameters: { type: "object" as const },
    readOnly: false,
    execute: async (_args: unknown, { idempotencyKey }: { idempotencyKey: string }) => {
      ran.push(idempotencyKey);
      return "booked";
    },
  };
  const answers = [{ toolCalls: [{ tool: "book", args: {} }] }, "Your table is booked for eight in the evening."];
  return { stt: { answers: [asked] }, llm: { answers }, agent: { tools: [book], greeting: "Hello there." }, settings };
}

async function wholeCall(): Promise<{ lines: string; facts: readonly Fact[]; ran: string[] }> {
  const ran: string[] = [];
  const call = scene(booking(ran));
  await call.begin();
  await call.clock.advance(4_000);
  await call.speak(1_000);
  await call.clock.advance(8_000);
  call.call.close("test");
  await call.clock.until(call.call.done);
  const { facts } = call.log;
  return { facts, ran, lines: facts.map((fact) => `${JSON.stringify(fact)}\n`).join("") };
}

describe("a call whose file is cut", () => {
  it("after any fact goes on, to its end: nothing twice, no turn without an end, no tool a second time", async () => {
    const { facts, ran } = await wholeCall();
    expect(ran).toHaveLength(1);
    const started = facts.findIndex((fact) => fact.type === "tool-started");
    expect(started).toBeGreaterThan(0);
    for (let cut = 1; cut < facts.length; cut++) {
      const again: string[] = [];
      const left = structuredClone(facts.slice(0, cut)) as Fact[];
      const next = scene({ ...booking(again), recovered: { facts: left, gapMs: 300, by: "w2" } });
      await next.begin();
      await next.clock.advance(20_000);
      next.call.close("test");
      await next.clock.until(next.call.done).catch((error: Error) => {
        throw new Error(`cut after ${cut}, ${facts[cut - 1]?.type}: ${error.message}`);
      });
      const log = [...left, ...next.log.facts];
      const where = `cut after ${cut}, ${facts[cut - 1]?.type}`;
      const ends = log.filter(
        ({ type }) => type === "turn-replied" || type === "turn-skipped" || type === "turn-failed",
      );
      expect(ends.length, where).toBe(log.filter(({ type }) => type === "turn-committed").length);
      expect(
        log.map(({ seq }) => seq),
        where,
      ).toEqual(log.map((_, index) => index + 1));
      expect(next.differences(), where).toEqual([]);
      expect(log.at(-1)?.type, where).toBe("call-closed");
      // The one that was under way is never run again; a model that asks anew does so under another key.
      if (cut > started) expect(again, where).not.toContain(ran[0]);
      expect(next.leaks(), where).toEqual(none);
    }
  });

  it("at any byte gives every whole fact before it, and says where it was cut", async () => {
    const { lines, facts } = await wholeCall();
    const bytes = Buffer.from(lines);
    const path = join(folder, "c1.1.ndjson");
    for (let cut = 0; cut < bytes.length; cut += 61) {
      writeFileSync(path, bytes.subarray(0, cut));
      const whole = bytes.subarray(0, cut).filter((byte) => byte === 10).length;
      const reading = await readCallFiles([path]);
      expect(reading.facts).toEqual(facts.slice(0, whole));
      const isCut = cut > 0 && bytes[cut - 1] !== 10;
      expect(reading.problems.map(({ line }) => line)).toEqual(isCut ? [whole + 1] : []);
    }
  });
});
