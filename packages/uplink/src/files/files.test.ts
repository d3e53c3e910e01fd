import { appendFile, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "../log.ts";
import { closed, facts, write } from "../test/log-file.ts";
import { readAck, writeAck } from "./ack.ts";
import { diskCap, listCallFiles } from "./folder.ts";
import { keepCallFiles } from "./keep.ts";
import { readLines } from "./lines.ts";
import { callFileName, parseCallFileName } from "./name.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "parley-files-"));
  return () => rm(dir, { recursive: true, force: true });
});

test("names say call and epoch, whatever dots the call's id has", () => {
  expect(parseCallFileName(join("/x", callFileName("a.1.b", 12)))).toEqual({ callId: "a.1.b", epoch: 12 });
  for (const foreign of ["a.ndjson", "a.0.ndjson", "a.1.ndjson.ack", "a b.1.ndjson", "a.1.json", ".1.ndjson"]) {
    expect(parseCallFileName(foreign)).toBe(null);
  }
});

describe("lines", () => {
  test("a line that is still being written is left until it is whole", async () => {
    const path = join(dir, "f");
    await writeFile(path, 'one\ntwo\n{"half');
    const first = await readLines(path, 0, 1_000);
    expect(first.lines).toEqual([
      { text: "one", endOffset: 4 },
      { text: "two", endOffset: 8 },
    ]);
    expect((await readLines(path, 8, 1_000)).lines).toEqual([]);
    await appendFile(path, '"}\n');
    expect((await readLines(path, 8, 1_000)).lines).toEqual([{ text: '{"half"}', endOffset: 17 }]);
  });

  test("a line longer than the read is read whole, in characters of several bytes too", async () => {
    const path = join(dir, "f");
    const long = "ü".repeat(5_000);
    await writeFile(path, `${long}\nnext\n`);
    const { lines, more } = await readLines(path, 0, 64);
    expect(lines[0]?.text).toBe(long);
    expect(more || lines.length === 2).toBe(true);
  });

  test("a line without an end is noticed", async () => {
    const path = join(dir, "f");
    await writeFile(path, Buffer.alloc(9 * 1024 * 1024, 120));
    expect(await readLines(path, 0, 64)).toMatchObject({ lines: [], overlong: true });
  });
});

describe("the note of what is stored", () => {
  test("comes back, and counts as nothing when it does not fit the file", async () => {
    const path = write(dir, facts("c", 1, 3));
    const endOfTwo = (await readLines(path, 0, 10_000)).lines[1]?.endOffset ?? 0;
    await writeAck(path, { seq: 2, offset: endOfTwo });
    expect(await readAck(path, 1_000)).toEqual({ seq: 2, offset: endOfTwo });
    expect(await readAck(path, endOfTwo - 1)).toEqual({ seq: 0, offset: 0 });
    await writeAck(path, { seq: 2, offset: endOfTwo - 3 });
    expect(await readAck(path, 1_000)).toEqual({ seq: 0, offset: 0 });
    await writeFile(`${path}.ack`, '{"seq":2,"off');
    expect(await readAck(path, 1_000)).toEqual({ seq: 0, offset: 0 });
  });
});

describe("the cap", () => {
  const filler = "x".repeat(400 * 1024);
  async function fill(callId: string, ageSeconds: number, ended: boolean): Promise<void> {
    const path = write(dir, [
      ...facts(callId, 1, 1),
      `{"callId":"${callId}","x":"${filler}"}\n`,
      ...(ended ? [closed(callId, 2)] : []),
    ]);
    const then = Date.now() / 1000 - ageSeconds;
    await utimes(path, then, then);
  }

  test("without a server the oldest ended calls go first, running ones never", async () => {
    await fill("old-running", 400, false);
    await fill("old", 300, true);
    await fill("newer", 200, true);
    await fill("new", 100, true);
    const kept = keepCallFiles({ dir, capMiB: 1.3 });
    await kept.check();
    expect((await readdir(dir)).sort()).toEqual(
      ["new.1.ndjson", "newer.1.ndjson", "old-running.1.ndjson"].filter((n) => n !== "newer.1.ndjson"),
    );
    expect(kept.hasRoom()).toBe(true);
    kept.close();
  });

  test("running calls that fill it close the door, said once, until there is room again", async () => {
    for (let i = 0; i < 4; i += 1) await fill(`c${i}`, 10, false);
    const errors: string[] = [];
    const cap = diskCap({ capMiB: 1, dir, log: { ...silentLog, error: (_fields, message) => errors.push(message) } });
    const nothing = () => false;
    await cap.enforce(await listCallFiles(dir), nothing);
    await cap.enforce(await listCallFiles(dir), nothing);
    expect(cap.hasRoom()).toBe(false);
    expect(errors).toEqual([expect.stringMatching(/BACKEND_URL/)]);
    expect(await readdir(dir)).toHaveLength(4);
    await rm(join(dir, "c0.1.ndjson"));
    await rm(join(dir, "c1.1.ndjson"));
    await cap.enforce(await listCallFiles(dir), nothing);
    expect(cap.hasRoom()).toBe(true);
  });
});
