import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@parley/conversation";
import { openFileLog, readCallFiles } from "@parley/engine";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "parley-recovered-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let calls = 0;

const fact = (seq: number, epoch = 1, deadline = `e${epoch}`): Fact => ({
  callId: `c${calls}`,
  epoch,
  seq,
  at: seq,
  version: 1,
  type: "deadline-passed",
  deadline,
});
const facts = (from: number, to: number, epoch = 1): Fact[] =>
  Array.from({ length: to - from + 1 }, (_, index) => fact(from + index, epoch));
const newCall = () => `c${++calls}`;
const line = (value: object) => `${JSON.stringify(value)}\n`;

/** A file of the present call as a worker names it. */
function file(epoch: number, ...content: (string | Fact | Fact[])[]): string {
  const path = join(folder, `c${calls}.${epoch}.ndjson`);
  writeFileSync(
    path,
    content.map((part) => (typeof part === "string" ? part : [part].flat().map(line).join(""))).join(""),
  );
  return path;
}

const shape = (log: readonly Fact[]) => log.map(({ seq, epoch }) => `${seq}/${epoch}`).join(" ");

describe("the log of a call from its files", () => {
  it("is every fact of one file, and when it was written to", async () => {
    newCall();
    const path = file(1, facts(1, 3));
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    expect(await readCallFiles([path])).toEqual({
      facts: facts(1, 3),
      modifiedMs: 1_700_000_000_000,
      newerVersion: null,
      leftOut: 0,
      problems: [],
    });
  });

  it("goes on over the files of several owners, given in any order", async () => {
    newCall();
    const [first, second, third] = [file(1, facts(1, 3)), file(2, facts(4, 5, 2)), file(3, facts(6, 6, 3))];
    utimesSync(third, 1_800_000_000, 1_800_000_000);
    const reading = await readCallFiles([third, first, second, first]);
    expect(shape(reading.facts)).toBe("1/1 2/1 3/1 4/2 5/2 6/3");
    expect(reading.modifiedMs).toBe(1_800_000_000_000);
    expect(reading.problems).toEqual([]);
  });

  it("takes the higher epoch's fact of one seq, and nothing of a lower epoch behind it", async () => {
    newCall();
    const paths = [file(1, facts(1, 9)), file(2, facts(4, 7, 2)), file(4, facts(6, 6, 4))];
    expect(shape((await readCallFiles(paths)).facts)).toBe("1/1 2/1 3/1 4/2 5/2 6/4");
  });

  it("ends with the last whole fact when the next was cut in the middle", async () => {
    newCall();
    const path = file(1, facts(1, 2), line(fact(3)).slice(0, 25));
    const reading = await readCallFiles([path]);
    expect(shape(reading.facts)).toBe("1/1 2/1");
    expect(reading.problems).toEqual([{ path, line: 3, message: expect.stringContaining("cut in the middle") }]);
  });

  it("does not take a last line without its end, even if it is whole: nobody has acted on it, or shipped it", async () => {
    newCall();
    const reading = await readCallFiles([file(1, facts(1, 2), JSON.stringify(fact(3)))]);
    expect(shape(reading.facts)).toBe("1/1 2/1");
    expect(reading.problems).toHaveLength(1);
  });

  it("passes over what is no fact and left no hole: a half-written line that was written again, garbage, empty lines", async () => {
    newCall();
    const half = `${line(fact(2)).slice(0, 20)}\n`;
    const path = file(1, fact(1), half, facts(1, 3), "\0\0\0\n", "\n", "[]\n", '"text"\n', fact(4));
    const reading = await readCallFiles([path]);
    expect(shape(reading.facts)).toBe("1/1 2/1 3/1 4/1");
    expect(reading.problems.map((problem) => problem.line)).toEqual([2, 6, 8, 9]);
  });

  it("ends before a hole and says how much lies behind it", async () => {
    newCall();
    const path = file(1, facts(1, 2), facts(5, 9));
    const reading = await readCallFiles([path]);
    expect(shape(reading.facts)).toBe("1/1 2/1");
    expect(reading.problems).toEqual([{ path, line: 0, message: expect.stringMatching(/seq 3 is missing.* 5 facts/) }]);
    const torn = await readCallFiles([file(1, facts(1, 2), "garbage\n", facts(4, 4))]);
    expect(shape(torn.facts)).toBe("1/1 2/1");
  });

  it("ends before a fact of a newer Parley, and names its version", async () => {
    newCall();
    const path = file(1, facts(1, 2), line({ ...fact(3), version: 99 }), line({ ...fact(4), version: 99 }));
    const reading = await readCallFiles([path]);
    expect(shape(reading.facts)).toBe("1/1 2/1");
    expect(reading.newerVersion).toBe(99);
    expect(reading.leftOut).toBe(2);
    expect(reading.problems[0]).toEqual({ path, line: 3, message: expect.stringContaining("version 99") });
  });

  it("does not fall back on an older owner's facts where the newer one's can't be read", async () => {
    newCall();
    const newer = file(2, line({ ...fact(4, 2), version: 99 }), line({ ...fact(5, 2), version: 99 }));
    const reading = await readCallFiles([file(1, facts(1, 9)), newer]);
    expect(shape(reading.facts)).toBe("1/1 2/1 3/1");
    expect(reading.newerVersion).toBe(99);
    const invalid = file(2, line({ ...fact(4, 2), at: "soon" }), facts(5, 6, 2));
    expect(shape((await readCallFiles([file(1, facts(1, 9)), invalid])).facts)).toBe("1/1 2/1 3/1");
  });

  it("does not mind a newer Parley's facts that an owner after it has replaced", async () => {
    newCall();
    const replaced = file(1, facts(1, 2), line({ ...fact(3), version: 99 }));
    const reading = await readCallFiles([replaced, file(2, facts(3, 4, 2))]);
    expect(shape(reading.facts)).toBe("1/1 2/1 3/2 4/2");
    expect(reading.newerVersion).toBeNull();
  });

  it("is empty for an empty file, a missing one, none at all, and a folder", async () => {
    newCall();
    const empty = file(1);
    const missing = join(folder, "none.1.ndjson");
    expect(await readCallFiles([])).toEqual({
      facts: [],
      modifiedMs: null,
      newerVersion: null,
      leftOut: 0,
      problems: [],
    });
    expect(await readCallFiles([empty])).toEqual({
      facts: [],
      modifiedMs: null,
      newerVersion: null,
      leftOut: 0,
      problems: [],
    });
    for (const path of [missing, folder]) {
      const reading = await readCallFiles([path]);
      expect(reading.facts).toEqual([]);
      expect(reading.problems).toEqual([{ path, line: 0, message: expect.stringMatching(/ENOENT|EISDIR/) }]);
    }
  });

  it("does not begin in the middle: what another machine wrote has to come from the server", async () => {
    newCall();
    const own = file(2, facts(4, 6, 2));
    const alone = await readCallFiles([own]);
    expect(alone.facts).toEqual([]);
    expect(alone.modifiedMs).toBeNull();
    expect(alone.leftOut).toBe(3);
    expect(alone.problems).toEqual([{ path: own, line: 0, message: expect.stringContaining("seq 1 is missing") }]);
    const whole = await readCallFiles([own], facts(1, 5));
    expect(shape(whole.facts)).toBe("1/1 2/1 3/1 4/2 5/2 6/2");
    expect(whole.problems).toEqual([]);
  });

  it("merges the server's copy by the same rules, and names its problems apart", async () => {
    newCall();
    const own = file(1, facts(1, 3));
    const reading = await readCallFiles([own], [...facts(1, 5), { nonsense: true }, { ...fact(6), version: 7 }]);
    expect(shape(reading.facts)).toBe("1/1 2/1 3/1 4/1 5/1");
    expect(reading.modifiedMs).toBeNull();
    expect(reading.newerVersion).toBe(7);
    expect(reading.problems.map(({ path, line }) => `${path}:${line}`)).toEqual([
      "elsewhere:6",
      "elsewhere:7",
      "elsewhere:7",
    ]);
  });

  it("leaves out another call's facts, and those of another epoch than the file's", async () => {
    newCall();
    const path = file(2, facts(1, 2, 2), line({ ...fact(3, 2), callId: "other" }), fact(3, 9), fact(3, 2));
    const reading = await readCallFiles([path]);
    expect(shape(reading.facts)).toBe("1/2 2/2 3/2");
    expect(reading.problems.map((problem) => problem.message)).toEqual([
      expect.stringContaining("another call: other"),
      expect.stringContaining("epoch 9"),
    ]);
    const foreign = join(folder, "foreign.1.ndjson");
    writeFileSync(foreign, line(fact(1)));
    expect((await readCallFiles([foreign])).facts).toEqual([]);
  });

  it("ignores ephemeral facts, and reads files of any name by what is in them", async () => {
    newCall();
    const path = join(folder, `log-${calls}.txt`);
    writeFileSync(path, [fact(1), { ...fact(2), seq: 0 }, fact(2), fact(3, 2)].map(line).join(""));
    expect(shape((await readCallFiles([path])).facts)).toBe("1/1 2/1 3/2");
  });

  it("keeps its list of problems short, whatever the file is", async () => {
    newCall();
    const reading = await readCallFiles([file(1, "x\n".repeat(5_000))]);
    expect(reading.problems).toHaveLength(100);
    expect(reading.facts).toEqual([]);
  });

  it("gives what the log of a real file gives, over a thousand facts, letting others run meanwhile", async () => {
    newCall();
    const path = join(folder, `c${calls}.1.ndjson`);
    const log = openFileLog({ path });
    for (let seq = 1; seq <= 2_000; seq += 4) log.append(facts(seq, seq + 3));
    log.close();
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const reading = await readCallFiles([path]);
    clearInterval(count);
    expect(reading.facts).toEqual(facts(1, 2_000));
    expect(turns).toBeGreaterThan(0);
  });
});
