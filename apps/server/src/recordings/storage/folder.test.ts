import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { storageConformance } from "../test/storage-conformance.ts";
import { folderStorage } from "./folder.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "parley-recordings-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

storageConformance("a folder", async () => folderStorage(join(await folder(), "made")));

test("a file is readable by its owner alone, and what a killed writer left goes with it", async () => {
  const path = await folder();
  const storage = folderStorage(path);
  await storage.put("a.ogg", Buffer.from("sound"));
  expect((await stat(join(path, "a.ogg"))).mode & 0o777).toBe(0o600);
  await writeFile(join(path, "a.ogg.part"), "half of so");
  await storage.delete("a.ogg");
  expect(await readdir(path)).toEqual([]);
});

test("a folder that cannot be written says so, and leaves nothing behind", async () => {
  const path = await folder();
  await writeFile(join(path, "full"), "a file where a folder should be");
  const storage = folderStorage(join(path, "full"));
  await expect(storage.put("a.ogg", Buffer.from("sound"))).rejects.toMatchObject({
    code: "recording-storage-failed",
    retryable: true,
  });
});
