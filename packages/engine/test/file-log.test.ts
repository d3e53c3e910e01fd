import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@parley/conversation";
import { lineSeal, openFileLog, ParleyError, readCallFiles, readFileLog } from "@parley/engine";
import { callLogConformance } from "@parley/testkit/conformance";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "parley-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
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

const newKey = () => randomBytes(32).toString("base64");
const KEY = newKey();

callLogConformance("a sealed call file", () => {
  const path = newPath();
  const lines = lineSeal([KEY]);
  return { log: openFileLog({ path, lines }), read: () => readFileLog(path, lines).facts };
});

it("a line that was sealed long ago opens", () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString("base64");
  const line = "k1.0WiWlFR3B8m.ugRfnw0TjiWVH/8+BskD/Vi4CRuGyvDjsb6/rbYBLj5IQMcP3gKy1ZlFN7MNWfRMF0E86cGj";
  expect(lineSeal([key]).open(line)).toBe('{"seq":1,"text":"Grüße"}');
});

describe("a sealed call file", () => {
  const said = (seq: number): Fact => ({
    ...{ callId: "c1", epoch: 1, seq, at: seq, version: 1 },
    ...{ type: "deadline-passed", deadline: "zebra" },
  });
  function written(keys: readonly string[], ...seqs: number[]): string {
    const path = join(folder, `${++files}`, "c1.1.ndjson");
    const log = openFileLog({ path, lines: lineSeal(keys) });
    log.append(seqs.map(said));
    log.close();
    return path;
  }

  it("tells nothing of what was said, and is read line by line up to where it was cut", () => {
    const path = written([KEY], 1, 2, 3);
    const text = readFileSync(path, "utf8");
    expect(text).not.toMatch(/zebra|deadline|"c1"/);
    expect(new Set(text.trimEnd().split("\n")).size).toBe(3);
    expect(readFileLog(path, lineSeal([KEY])).facts).toEqual([1, 2, 3].map(said));
    for (let at = 0; at < text.length; at += 7) {
      writeFileSync(path, text.slice(0, at));
      const whole = text.slice(0, at).split("\n").length - 1;
      const { facts } = readFileLog(path, lineSeal([KEY]));
      // A last line is whole without its end too.
      expect([whole, whole + 1]).toContain(facts.length);
      expect(facts).toEqual([1, 2, 3].slice(0, facts.length).map(said));
    }
  });

  it("is read with any key that is listed, beside plain lines from before there was one", () => {
    const path = written([], 1);
    const [old, fresh] = [newKey(), newKey()];
    for (const [keys, seq] of [
      [[old], 2],
      [[fresh, old], 3],
    ] as const) {
      const log = openFileLog({ path, lines: lineSeal(keys) });
      log.append([said(seq)]);
      log.close();
    }
    expect(readFileLog(path, lineSeal([fresh, old])).facts).toEqual([1, 2, 3].map(said));
    expect(readFileLog(path, lineSeal([fresh])).facts).toEqual([1, 3].map(said));
  });

  it("without its key is no call that may begin anew, and the setting is named", async () => {
    const path = written([KEY], 1, 2);
    for (const keys of [[], [newKey()]]) {
      const reading = await readCallFiles([path], [], lineSeal(keys));
      expect(reading).toMatchObject({ facts: [], leftOut: 2 });
      expect(reading.problems[0]?.message).toContain("PARLEY_FILES_KEY");
    }
    expect((await readCallFiles([path], [], lineSeal([KEY]))).facts).toHaveLength(2);
  });

  it("that was altered in a line is read without that line", () => {
    const path = written([KEY], 1, 2, 3);
    const lines = readFileSync(path, "utf8").split("\n");
    lines[1] = `${lines[1]!.slice(0, -8)}AAAA${lines[1]!.slice(-4)}`;
    writeFileSync(path, lines.join("\n"));
    const { facts, problems } = readFileLog(path, lineSeal([KEY]));
    expect(facts.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(problems).toEqual([{ line: 2, message: expect.stringContaining("not JSON") }]);
  });
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
