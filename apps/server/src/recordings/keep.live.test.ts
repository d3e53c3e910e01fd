import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ParleyError, systemClock } from "@parley/engine";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { sealedSecrets } from "../secrets/secrets.ts";
import { testPlatform } from "../test/platform.ts";
import { keepRecordings, type RecordingKeeperOptions } from "./keep.ts";
import { recordingKeys } from "./sealing/keys.ts";
import { folderStorage } from "./storage/folder.ts";
import type { RecordingStorage } from "./storage/storage.ts";
import { toneSegment } from "./test/tones.ts";

const platform = testPlatform();
const noData = { seal: async () => null, open: () => Promise.reject(new Error("nothing was sealed")) };
const keys = recordingKeys(sealedSecrets([]), noData, false);
const log = pino({ level: "silent" });
let folder: string;
let storage: RecordingStorage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-kept-"));
  storage = folderStorage(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** One that does something when it is told to, and never by itself. */
function keeper(more: Partial<RecordingKeeperOptions> = {}) {
  const clock = { ...systemClock, after: () => () => undefined };
  const kept = keepRecordings({ store: platform.store, storage, keys, log, clock, seen() {}, ...more });
  onTestFinished(kept.close);
  return kept;
}

const closed = (callId: string) => ({
  ...{ callId, epoch: 1, seq: 2, at: 5_000, version: 1 },
  ...{ type: "call-closed", reason: "hung-up" },
});
async function call({ isOver = true } = {}): Promise<string> {
  const callId = randomUUID();
  const begun = { ...callStarted({ wallMs: Date.now() }), callId, epoch: 1, seq: 1, at: 0, version: 1 };
  const facts = isOver ? [begun, closed(callId)] : [begun];
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts: facts as never });
  return callId;
}
const take = (callId: string, bytes: Buffer, { offset = 0, isFinal = false, epoch = 1 } = {}) =>
  platform.store.recordingSegments.receive(
    { callId, epoch, offset, bytes, isFinal },
    { sealing: keys.pieces, mostBytes: 100_000 },
  );
const sound = (callId: string) => toneSegment({ callId, epoch: 1, startMs: 0, endMs: 2_000, hz: 400 });
const recordingOf = async (callId: string) => (await platform.store.recordings.ofCall(callId))[0];
const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith("ogg"));
const filesOf = async (recordingId = "") => (await files()).filter((name) => name.includes(recordingId));

test("what stopped coming is made as far as it came, and made anew when it goes on", async () => {
  const callId = await call();
  const whole = sound(callId);
  const cut = Math.floor(whole.length / 2);
  await take(callId, whole.subarray(0, cut));
  await keeper().lookAtAll();
  expect(await recordingOf(callId)).toMatchObject({ status: "receiving" });
  const impatient = keeper({ cutMs: 0 });
  await impatient.lookAtAll();
  const first = await recordingOf(callId);
  expect(first).toMatchObject({ status: "ready", version: cut });
  await take(callId, whole.subarray(cut), { offset: cut, isFinal: true });
  await impatient.lookAtAll();
  const second = await recordingOf(callId);
  expect(second).toMatchObject({ status: "ready", version: whole.length, recordingId: first?.recordingId });
  expect(second!.durationMs! - first!.durationMs!).toBeGreaterThan(500);
  // The first one's file went, and so did the pieces: nothing more is taken.
  expect(await filesOf(second?.recordingId)).toEqual([second?.object]);
  expect(await platform.store.recordingSegments.read(callId)).toEqual([]);
  expect(await take(callId, whole, { isFinal: true })).toEqual({ outcome: "taken", receivedBytes: whole.length });
  expect(await take(callId, whole, { epoch: 2 })).toEqual({ outcome: "closed" });
});

test("a call that goes on is left alone, however long nothing comes", async () => {
  const callId = await call({ isOver: false });
  await take(callId, sound(callId), { isFinal: true });
  await keeper({ cutMs: 0 }).lookAtAll();
  expect(await recordingOf(callId)).toMatchObject({ status: "receiving", attempts: 0 });
});

test("a recording is made once by several replicas", async () => {
  const callId = await call();
  await take(callId, sound(callId), { isFinal: true });
  const outcomes: string[] = [];
  const replicas = Array.from({ length: 4 }, () => keeper({ seen: (outcome) => void outcomes.push(outcome) }));
  await Promise.all(replicas.map((replica) => replica.lookAtAll()));
  expect(outcomes).toEqual(["ready"]);
  expect(await filesOf((await recordingOf(callId))?.recordingId)).toHaveLength(1);
});

test("a recording waits for a storage that is away; what it half wrote is deleted", async () => {
  const callId = await call();
  await take(callId, sound(callId), { isFinal: true });
  const failing = new ParleyError("The disk is full.", { code: "recording-storage-failed", category: "provider" });
  const half: RecordingStorage = {
    ...storage,
    async put(object, bytes) {
      await storage.put(object, bytes.subarray(0, 10));
      throw failing;
    },
  };
  await keeper({ storage: half }).lookAtAll();
  expect(await recordingOf(callId)).toMatchObject({ status: "receiving", error: "The disk is full.", attempts: 1 });
  const waiting = await recordingOf(callId);
  const [left = ""] = await filesOf(waiting?.recordingId);
  await keeper().lookAtAll();
  expect(await recordingOf(callId)).toMatchObject({ status: "receiving", attempts: 1 });
  expect(await filesOf(waiting?.recordingId)).toEqual([left]);
  // Time passes: it is tried again, and the writer of the half file counts as dead.
  const { recordingJoins, recordingDeletions } = platform.store;
  await recordingJoins.failed(waiting!.recordingId, "", 0);
  await recordingDeletions.failed({ storage: storage.name, object: left }, "", 0);
  await keeper().lookAtAll();
  const ready = await recordingOf(callId);
  expect(ready).toMatchObject({ status: "ready", error: null });
  expect(await filesOf(ready?.recordingId)).toEqual([ready?.object]);
});

test("a recording that is deleted while it is made is not kept", async () => {
  const callId = await call();
  await take(callId, sound(callId), { isFinal: true });
  const before = await files();
  const slow: RecordingStorage = {
    ...storage,
    async put(object, bytes) {
      await storage.put(object, bytes);
      await platform.store.recordings.remove((await recordingOf(callId))!.recordingId);
    },
  };
  await keeper({ storage: slow }).lookAtAll();
  expect(await recordingOf(callId)).toMatchObject({ status: "deleted", object: null });
  expect(await files()).toEqual(before);
});

test("a file that cannot be deleted is tried again, and an erasure is not done before", async () => {
  const callId = await call();
  await take(callId, sound(callId), { isFinal: true });
  await keeper().lookAtAll();
  const { store } = platform;
  const { object } = (await recordingOf(callId))!;
  expect(await files()).toContain(object);
  const erasure = { erasureId: "stubborn", tenantId: null, reason: "call", subject: callId } as const;
  await store.erasures.begin(erasure);
  await store.erasures.eraseCall(callId, "stubborn");
  const gone = () => Promise.reject(new Error("read-only"));
  await keeper({ storage: { ...storage, delete: gone } }).deleteDue();
  expect(await store.erasures.remains("stubborn")).toBe(1);
  await keeper().deleteDue();
  expect(await store.erasures.remains("stubborn")).toBe(1);
  await store.recordingDeletions.failed({ storage: storage.name, object: object! }, "", 0);
  await keeper().deleteDue();
  expect(await store.erasures.remains("stubborn")).toBe(0);
  expect(await files()).not.toContain(object);
});

test("pieces that belong to no known call go after a day, and a longer segment than allowed is refused", async () => {
  const callId = randomUUID();
  await take(callId, Buffer.alloc(90_000));
  expect(await take(callId, Buffer.alloc(20_000), { offset: 90_000 })).toEqual({ outcome: "too-long" });
  const { recordingSegments } = platform.store;
  expect(await recordingSegments.sweep(new Date(Date.now() - 60_000))).toBe(0);
  expect(await recordingSegments.sweep(new Date(Date.now() + 60_000))).toBeGreaterThan(0);
  expect(await recordingSegments.read(callId)).toEqual([]);
});
