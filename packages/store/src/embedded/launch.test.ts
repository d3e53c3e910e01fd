import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firstClosedFolder } from "./account.ts";
import { launchAs } from "./launch.ts";

const stranger = { uid: 54_321, gid: 54_321 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-launch-"));
  await chmod(folder, 0o755);
  await mkdir(join(folder, "closed"), { mode: 0o700 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("finds the folder that keeps the account out", async () => {
  expect(await firstClosedFolder(join(folder, "closed", "data"), stranger)).toBe(join(folder, "closed"));
  expect(await firstClosedFolder(join(folder, "data"), stranger)).toBe(null);
});

test("runs as ourselves when we are not root", async () => {
  expect(await launchAs(null, [join(folder, "closed", "data")])).toEqual({ prefix: [], ids: {} });
});

test("only changes the account where every folder is open", async () => {
  expect(await launchAs(stranger, [join(folder, "data")])).toEqual({ prefix: [], ids: stranger });
});
