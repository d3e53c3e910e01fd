import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listCallFiles } from "../files/folder.ts";
import { silentLog } from "../log.ts";
import { facts, upTo, write } from "../test/log-file.ts";
import type { Batch } from "./batch.ts";
import { Shipment } from "./shipment.ts";

/** Ten facts are on the line, five more are in the file. */
async function underWay() {
  const dir = await mkdtemp(join(tmpdir(), "parley-shipment-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = async () => (await listCallFiles(dir))[0]!;
  write(dir, facts("c", 1, 10));
  const shipment = await Shipment.open(await file(), silentLog);
  shipment.sent(1, (await shipment.next())!);
  write(dir, facts("c", 11, 15));
  shipment.seen(await file());
  return shipment;
}

const seqs = (batch: Batch | null) => batch?.facts.map((fact) => (JSON.parse(fact) as { seq: number }).seq);

test("goes on behind what is on the line", async () => {
  const shipment = await underWay();
  expect(seqs(await shipment.next())).toEqual([11, 12, 13, 14, 15]);
});

test("a line that is cut while the file is read means reading again from what was confirmed, not a damaged file", async () => {
  const shipment = await underWay();
  const reading = shipment.next();
  shipment.disconnected();
  expect(seqs(await reading)).toEqual(upTo(15));
  expect(shipment.state).toBe("open");
});

test("so does a server that asks for all of it again in that moment", async () => {
  const shipment = await underWay();
  const reading = shipment.next();
  shipment.acked(1, 0, true);
  expect(seqs(await reading)).toEqual(upTo(15));
  expect(shipment.state).toBe("open");
});

test("sealed lines are sent opened; a file whose key is not here is kept, with the setting named, until it is", async () => {
  const dir = await mkdtemp(join(tmpdir(), "parley-shipment-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const sealed = facts("c", 1, 3).map((fact) => `s${Buffer.from(JSON.stringify(fact)).toString("base64")}\n`);
  write(dir, sealed, "c", 1);
  const [file] = await listCallFiles(dir);
  const errors: string[] = [];
  const log = { ...silentLog, error: (_fields: object, message: string) => errors.push(message) };
  const without = await Shipment.open(file!, log, () => null);
  expect(await without.next()).toBe(null);
  expect(without.state).toBe("damaged");
  expect(await without.settle(true)).toBe(false);
  expect(errors).toEqual([expect.stringContaining("PARLEY_FILES_KEY")]);
  const opened = (line: string) => Buffer.from(line.slice(1), "base64").toString();
  const shipment = await Shipment.open(file!, log, opened);
  expect(seqs(await shipment.next())).toEqual([1, 2, 3]);
});
