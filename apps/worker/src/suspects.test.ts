import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { CallAssignment } from "./messages.ts";
import { createSlots, type Slot } from "./slots.ts";
import { charge, suspectsOf } from "./suspects.ts";

const dir = mkdtempSync(join(tmpdir(), "parley-suspects-"));
afterAll(() => rmSync(dir, { recursive: true }));

const slots = createSlots(null);
/** `wroteAtMs` null: there is no such file. */
function slot(name: string, wroteAtMs: number | null): Slot {
  const logPath = join(dir, `${name}.1.ndjson`);
  if (wroteAtMs !== null) {
    writeFileSync(logPath, "{}\n");
    utimesSync(logPath, wroteAtMs / 1000, wroteAtMs / 1000);
  }
  const reservation = slots.reserve({ jobId: name, callId: name }, [{ shardId: 1, pressure: 0 }], 0);
  if (!reservation.taken) throw new Error(reservation.reason);
  return Object.assign(reservation.slot, { call: { logPath } as CallAssignment });
}

it("suspects the call that wrote last, and those that wrote at almost the same time", () => {
  const [first, near, last] = [slot("first", 1_000_000), slot("near", 1_000_490), slot("last", 1_000_500)];
  expect([...suspectsOf([first, near, last])]).toEqual([near, last]);
  expect([...suspectsOf([first])]).toEqual([first]);
});

it("also suspects a call whose log cannot be looked at, and none that has not begun", () => {
  const [seen, unseen] = [slot("seen", 2_000_000), slot("unseen", null)];
  const idle = Object.assign(slot("idle", null), { call: null });
  expect([...suspectsOf([seen, unseen, idle])]).toEqual([seen, unseen]);
  expect([...suspectsOf([unseen])]).toEqual([unseen]);
  expect(suspectsOf([]).size).toBe(0);
});

it("charges a suspect with each death, and who stood beside with every third", () => {
  const [suspect, bystander] = [slot("suspect", 0), slot("bystander", 0)];
  const crashes: number[][] = [];
  for (let death = 1; death <= 6; death++) {
    charge(suspect, true);
    charge(bystander, false);
    crashes.push([suspect.crashes, bystander.crashes]);
  }
  expect(crashes).toEqual([
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 2],
  ]);
  expect([suspect.deaths, bystander.deaths]).toEqual([6, 6]);
});
