import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@parley/conversation";
import { type Logger, openFileLog, readCallFiles, silentLogger } from "@parley/engine";
import { virtualClock } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

const asked = "When do you open?";
const whole = "We open at nine in the morning and we close at half past six in the evening.";
const talk = { stt: { answers: [asked, asked] }, llm: { answers: [whole, whole] } };

/** What was said of the log, by its error's code. */
function complaints(): { logger: Logger; codes: string[] } {
  const codes: string[] = [];
  const error = (fields: object) => void codes.push((fields as { error: { code: string } }).error.code);
  return { logger: { ...silentLogger, error }, codes };
}

const seqs = (facts: readonly Fact[]) => facts.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("a full disk", () => {
  it("does not end the call: facts are kept and written in order when there is room, each once", async () => {
    let isFull = false;
    let tries = 0;
    const { logger, codes } = complaints();
    const fails = () => {
      if (isFull) tries++;
      return isFull;
    };
    const full = scene({ ...talk, disk: { fails }, logger });
    await full.begin();
    await full.clock.advance(2_000);
    isFull = true;
    const before = full.log.facts.length;
    await full.speak(1_000);
    await full.clock.advance(9_000);
    expect(full.log.facts).toHaveLength(before);
    expect(full.caller.heard()).toHaveLength(1);
    // Asked again at a pace, not with every fact, and complained of once.
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(60);
    expect(codes).toEqual(["log-write-failed"]);
    isFull = false;
    await full.clock.advance(300);
    expect(seqs(full.log.facts)).toEqual(upTo(full.call.state.seq));
    await full.speak(1_000);
    await full.clock.advance(9_000);
    expect(full.texts()).toEqual([asked, whole, asked, whole]);
    expect(seqs(full.log.facts)).toEqual(upTo(full.call.state.seq));
    expect(full.differences()).toEqual([]);
    full.call.close("test");
    await full.clock.until(full.call.done);
    expect(full.leaks()).toEqual(none);
    expect(full.clock.pending).toBe(1);
  });

  it("is waited for at the end of a call, a few seconds, so that the last fact is there", async () => {
    let isFull = false;
    const full = scene({ ...talk, disk: { fails: () => isFull } });
    await full.begin();
    isFull = true;
    full.call.close("test");
    await full.clock.advance(1_000);
    expect(full.log.closed).toBe(false);
    isFull = false;
    await full.clock.until(full.call.done);
    expect(full.log.facts.at(-1)?.type).toBe("call-closed");
    expect(seqs(full.log.facts)).toEqual(upTo(full.call.state.seq));
  });

  it("that stays full does not keep a call from ending, and says how much is lost", async () => {
    const { logger, codes } = complaints();
    const full = scene({ ...talk, disk: { fails: () => true }, logger });
    await full.begin();
    full.call.close("test");
    expect(await full.clock.until(full.call.done)).toEqual({ reason: "test" });
    expect(full.log.closed).toBe(true);
    expect(codes).toEqual(["log-write-failed", "log-facts-lost"]);
    expect(full.leaks()).toEqual(none);
  });

  it("is tried at once when a tool is started", async () => {
    let isFull = false;
    const failed: string[][] = [];
    const fails = (facts: readonly Fact[]) => {
      if (isFull) failed.push(facts.map((fact) => fact.type));
      return isFull;
    };
    const execute = async () => "booked";
    const tool = {
      name: "book",
      description: "Books.",
      parameters: { type: "object" as const },
      readOnly: false,
      execute,
    };
    const answers = [{ toolCalls: [{ tool: "book", args: {} }] }, "It is booked."];
    const settings = { speculation: { policy: "never" as const } };
    const full = scene({
      stt: { answers: [asked] },
      llm: { answers },
      agent: { tools: [tool] },
      settings,
      disk: { fails },
    });
    await full.begin();
    isFull = true;
    await full.speak(1_000);
    await full.clock.advance(5_000);
    expect(failed.some((types) => types.includes("tool-started") && !types.includes("tool-finished"))).toBe(true);
    isFull = false;
    await full.clock.advance(300);
    expect(full.texts().at(-1)).toBe("It is booked.");
  });
});

describe("a slow disk", () => {
  it("holds the call up for a tenth of the time at most, and loses nothing", async () => {
    const clock = virtualClock();
    let isSlow = false;
    let writes = 0;
    const fails = () => {
      if (isSlow) clock.block(500);
      if (isSlow) writes++;
      return false;
    };
    const { logger, codes } = complaints();
    const slow = scene({ ...talk, clock, disk: { fails }, logger });
    await slow.begin();
    await clock.advance(2_000);
    isSlow = true;
    const began = clock.now();
    await slow.speak(1_000);
    await clock.advance(12_000);
    const tookMs = clock.now() - began;
    expect(writes).toBeGreaterThan(1);
    expect((writes * 500) / tookMs).toBeLessThan(0.15);
    expect(slow.texts()).toEqual([asked, whole]);
    expect(slow.count("turn-failed")).toBe(0);
    expect(codes).toEqual(["log-slow"]);
    isSlow = false;
    await clock.advance(6_000);
    expect(seqs(slow.log.facts)).toEqual(upTo(slow.call.state.seq));
    expect(slow.differences()).toEqual([]);
  });
});

describe("the file on a real disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-disk-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const fact = (seq: number): Fact => ({
    callId: "c1",
    epoch: 1,
    seq,
    at: seq,
    version: 1,
    type: "deadline-passed",
    deadline: "d",
  });

  it("begins a line of its own behind half a line that somebody left", async () => {
    const path = join(folder, "c1.1.ndjson");
    const half = JSON.stringify(fact(2)).slice(0, 30);
    writeFileSync(path, `${JSON.stringify(fact(1))}\n${half}`);
    const log = openFileLog({ path });
    log.append([fact(2), fact(3)]);
    log.close();
    expect(seqs((await readCallFiles([path])).facts)).toEqual([1, 2, 3]);
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(5);
  });

  it("counts what was there before towards its cap", () => {
    const path = join(folder, "c2.1.ndjson");
    openFileLog({ path }).append([fact(1), fact(2)]);
    const again = openFileLog({ path, maxBytes: 250 });
    expect(() => again.append([fact(3)])).toThrow(expect.objectContaining({ code: "log-full" }));
  });

  it.runIf(existsSync("/dev/full"))("that takes nothing throws log-write-failed, to be tried again", () => {
    const file = openSync("/dev/full", "w");
    expect(() => writeSync(file, "x")).toThrow(/ENOSPC/);
    const log = openFileLog({ path: "/dev/full" });
    expect(() => log.append([fact(1)])).toThrow(expect.objectContaining({ code: "log-write-failed", retryable: true }));
  });
});
