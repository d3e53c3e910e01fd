import { appendFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@parley/conversation";
import { openFileLog, ParleyError, readFileLog } from "@parley/engine";
import { callLogConformance } from "@parley/testkit/conformance";
import { describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "parley-log-"));
let files = 0;
const newPath = () => join(folder, `${++files}`, "call.1.ndjson");

const fact = (seq: number): Fact => ({
  callId: "c1",
  epoch: 1,
  seq,
  at: seq,
  version: 1,
  type: "deadline-passed",
  deadline: "d",
});

callLogConformance("a call file", () => {
  const path = newPath();
  return { log: openFileLog({ path }), read: () => readFileLog(path).facts };
});

describe("a call file", () => {
  it("is private to its owner", () => {
    const path = newPath();
    openFileLog({ path }).close();
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it("has a cap, and says so", () => {
    const log = openFileLog({ path: newPath(), maxBytes: 200 });
    log.append([fact(1)]);
    expect(() => log.append([fact(2), fact(3)])).toThrow(expect.objectContaining({ code: "log-full" }));
  });

  it("cut in the middle of a fact, or with facts of a newer Parley, gives what can be read and names the lines", () => {
    const path = newPath();
    const log = openFileLog({ path });
    log.append([fact(1), fact(2)]);
    log.close();
    appendFileSync(path, `${JSON.stringify({ ...fact(3), version: 99 })}\n{"callId":"c1","epo`);
    const { facts, problems } = readFileLog(path);
    expect(facts.map((one) => one.seq)).toEqual([1, 2]);
    expect(problems).toEqual([
      { line: 3, message: expect.stringContaining("newer Parley") },
      { line: 4, message: expect.stringContaining("not JSON") },
    ]);
  });

  it("gives a fact that was written twice once", () => {
    const path = newPath();
    writeFileSync(join(folder, "twice"), "");
    const log = openFileLog({ path });
    log.append([fact(1)]);
    log.append([fact(1), fact(2)]);
    expect(readFileLog(path).facts.map((one) => one.seq)).toEqual([1, 2]);
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(3);
  });

  it("that can't be opened or read says which and why", () => {
    const blocked = join(folder, "twice", "call.ndjson");
    expect(() => openFileLog({ path: blocked })).toThrow(ParleyError);
    expect(() => openFileLog({ path: blocked })).toThrow(/can't be opened/);
    expect(() => readFileLog(join(folder, "none"))).toThrow(/can't be read/);
  });
});
