import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStore, type Store } from "../store.ts";
import { log } from "../test/facts.ts";
import { type TestPostgres, testPostgres, withClient } from "../test/postgres.ts";
import type { PieceSealing } from "./segments.ts";

let postgres: TestPostgres;
let url: string;
let store: Store;
beforeAll(async () => {
  postgres = await testPostgres();
  url = await postgres.database();
  store = await openStore({ url });
});
afterAll(async () => {
  await store?.close();
  await postgres.stop();
});

const plain: PieceSealing = { newKey: () => null, seal: (_key, { bytes }) => bytes };
const turned: PieceSealing = {
  newKey: ({ callId }) => `key of ${callId}`,
  seal: (_key, { bytes }) => Buffer.from(bytes.map((byte) => byte ^ 255)),
};
const receive = (callId: string, bytes: Buffer, offset = 0, sealing = plain, isFinal = false) =>
  store.recordingSegments.receive({ callId, epoch: 1, offset, bytes, isFinal }, { sealing, mostBytes: 1_000_000 });
const begin = (callId: string) => store.facts.appendBatch({ callId, epoch: 1, facts: log(callId, 1, 1) });
const held = (callId: string) =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ bytes: Buffer }>(
      "select bytes from recording_pieces where call_id = $1 order by at_byte",
      [callId],
    );
    return Buffer.concat(rows.map(({ bytes }) => bytes));
  });

test("what has come of a call is sealed with its data key, and opens in order", async () => {
  const sound = randomBytes(30_000);
  await begin("c1");
  for (let offset = 0; offset < sound.length; offset += 1_000)
    await receive("c1", sound.subarray(Math.max(0, offset - 100), offset + 1_000), Math.max(0, offset - 100));
  const kept = await held("c1");
  expect(kept.length).toBeGreaterThan(sound.length);
  for (let offset = 0; offset < sound.length; offset += 500)
    expect(kept.includes(sound.subarray(offset, offset + 50))).toBe(false);
  const [segment] = await store.recordingSegments.read("c1");
  expect(segment).toMatchObject({ epoch: 1, sealedKey: null });
  expect(Buffer.concat(segment!.pieces.map(({ bytes }) => bytes)).equals(sound)).toBe(true);
});

test("what comes before its call's facts is sealed as the server says, to the segment's end", async () => {
  const sound = Buffer.alloc(100, "sound");
  await receive("c2", sound, 0, turned);
  await begin("c2");
  await receive("c2", sound, 100, turned);
  expect((await held("c2")).includes("sound")).toBe(false);
  expect(await store.recordingSegments.read("c2")).toMatchObject([
    { sealedKey: "key of c2", pieces: [{ at: 0 }, { at: 100 }] },
  ]);
});

test("each byte counts once, whoever sends it again at the same time", async () => {
  const sound = randomBytes(20_000);
  const step = 2_000;
  const worker = async () => {
    for (let offset = 0; offset < sound.length; offset += step) {
      const taken = await receive("c3", sound.subarray(offset, offset + step), offset);
      expect(taken).toMatchObject({ outcome: "taken" });
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  const [segment] = await store.recordingSegments.read("c3");
  expect(Buffer.concat(segment!.pieces.map(({ bytes }) => bytes)).equals(sound)).toBe(true);
  expect(await receive("c3", sound, 20_001)).toEqual({ outcome: "mismatch", receivedBytes: 20_000 });
});
