import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@parley/engine";
import { type EmbeddedPostgres, openStore, startEmbeddedPostgres } from "@parley/store";
import pino from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openRedis } from "../redis.ts";
import { testRedis } from "../test/redis.ts";
import { postgresCarrier, redisCarrier } from "./carriers.ts";
import { type Carrier, fanOutOver } from "./fan-out.ts";

const redisServer = testRedis();
let folder: string;
let postgres: EmbeddedPostgres;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-fan-out-"));
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function replica(withRedis: boolean) {
  const store = await openStore({ url: postgres.url });
  const carriers: Carrier[] = [postgresCarrier(store.joinReplicas)];
  onTestFinished(() => store.close());
  if (withRedis) {
    const redis = openRedis(redisServer.url, pino({ level: "silent" }));
    const over = redisCarrier(redis);
    carriers.unshift(over);
    onTestFinished(() => {
      over.close();
      redis.disconnect();
    });
  }
  const fanOut = fanOutOver(carriers, systemClock);
  onTestFinished(() => fanOut.close());
  const heard = new Map<string, number>();
  const missed = { times: 0 };
  fanOut.onAnnounced(
    (callId, lastSeq) => heard.set(callId, lastSeq),
    () => {
      missed.times += 1;
    },
  );
  await expect.poll(() => carriers.every((carrier) => carrier.isUp()), { timeout: 20_000 }).toBe(true);
  return { fanOut, heard, missed, carriers };
}

test.for([false, true])("what one announces the others hear, gathered (Redis: %s)", async (withRedis) => {
  const [a, b] = [await replica(withRedis), await replica(withRedis)];
  for (let seq = 1; seq <= 500; seq += 1)
    for (let call = 0; call < 40; call += 1) a.fanOut.announce(`a-call-with-a-long-name-${call}`, seq);
  await expect.poll(() => [b.heard.size, [...b.heard.values()].every((seq) => seq === 500)]).toEqual([40, true]);
  expect(a.heard.size === 0 || withRedis).toBe(true);
});

test.for([false, true])(
  "what is being understood the others hear, and nobody hears themselves (Redis: %s)",
  async (withRedis) => {
    const [a, b] = [await replica(withRedis), await replica(withRedis)];
    const told: string[] = [];
    a.fanOut.onInterim(({ text }) => void told.push(`a ${text}`));
    b.fanOut.onInterim(({ text }) => void told.push(`b ${text}`));
    const interim = { callId: "c", participantId: "ann", turnId: "t1", segment: 0, text: "what" };
    a.fanOut.tellInterim(interim);
    await expect.poll(() => told).toEqual(["b what"]);
    b.fanOut.tellInterim({ ...interim, text: "time" });
    await expect.poll(() => told).toEqual(["b what", "a time"]);
  },
);

test("Redis is lost and comes back: Postgres carries meanwhile, and what may have been missed is asked for", async () => {
  const [a, b] = [await replica(true), await replica(true)];
  redisServer.kill();
  await expect.poll(() => [a, b].some(({ carriers }) => carriers[0]!.isUp()), { timeout: 10_000 }).toBe(false);
  a.fanOut.announce("meanwhile", 7);
  await expect.poll(() => b.heard.get("meanwhile"), { timeout: 10_000 }).toBe(7);
  await expect.poll(() => b.missed.times, { timeout: 10_000 }).toBeGreaterThan(0);
  redisServer.start();
  await expect.poll(() => [a, b].every(({ carriers }) => carriers[0]!.isUp()), { timeout: 20_000 }).toBe(true);
  b.fanOut.announce("afterwards", 9);
  await expect.poll(() => a.heard.get("afterwards"), { timeout: 10_000 }).toBe(9);
});
