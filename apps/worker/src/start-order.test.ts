import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mintAgentToken } from "@parley/livekit";
import { afterEach, expect, it } from "vitest";
import { readWorkerConfig } from "./config.ts";
import type { OpenDispatch } from "./dispatch.ts";
import { createLog } from "./log.ts";
import type { FromShard, ToShard } from "./messages.ts";
import { agent, settle } from "./test/boss.ts";
import { manualClock } from "./test/manual-clock.ts";
import { startWorker } from "./worker.ts";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const run of cleanup.splice(0).reverse()) await run();
});

/** A worker whose shards do what a test says, and which knows its agent. */
async function named(env: NodeJS.ProcessEnv, dispatch?: OpenDispatch) {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-start-"));
  cleanup.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const settings = { PARLEY_DATA: dataDir, PARLEY_WORKER_PORT: "0", PARLEY_SHARDS: "1", ...env };
  const clock = manualClock();
  const sent: ToShard[] = [];
  const isKnown = Promise.withResolvers<void>();
  let say = (_message: FromShard): void => {};
  let announced = false;
  const stop = new AbortController();
  const starting = startWorker(readWorkerConfig("agent.ts", settings), {
    clock,
    log: createLog("test", "silent"),
    signal: stop.signal,
    ...(dispatch ? { dispatch } : {}),
    named: async () => isKnown.resolve(),
    announce() {
      announced = true;
    },
    fork(_boot, onMessage) {
      say = onMessage;
      const gone = Promise.withResolvers<string>();
      return {
        pid: undefined,
        send(message) {
          sent.push(message);
          if (message.type === "close") gone.resolve("exited with 0");
        },
        kill: () => gone.resolve("killed by SIGKILL"),
        gone: gone.promise,
      };
    },
  });
  cleanup.push(async () => {
    stop.abort();
    await (await starting.catch(() => null))?.close();
  });
  say({ type: "named", agent });
  await isKnown.promise;
  await settle();
  return { starting, clock, say, announced: () => announced, ran: () => sent.filter(({ type }) => type === "run") };
}

it("is known to LiveKit before a shard is ready, says so, and has started when one is", async () => {
  let isOpen = false;
  const keys = { LIVEKIT_API_KEY: "key", LIVEKIT_API_SECRET: "a-secret-for-tests-of-32-characters-or-more" };
  const worker = await named({ LIVEKIT_URL: "ws://127.0.0.1:9", ...keys }, async () => {
    isOpen = true;
    return { load() {}, endJob() {}, async askAgain() {}, drain() {}, close: async () => {} };
  });
  expect(isOpen).toBe(true);
  expect(worker.announced()).toBe(true);
  let started = false;
  void worker.starting.then(() => {
    started = true;
  });
  worker.clock.advance(5_000);
  await settle();
  expect(started).toBe(false);
  worker.say({ type: "ready", agent });
  await worker.starting;
});

it("joins the one room of a token when there is a shard, however long its models take", async () => {
  const keys = { apiKey: "key", apiSecret: "a-secret-for-tests-of-32-characters-or-more" };
  const token = await mintAgentToken({ ...keys, room: "lobby", identity: "agent-1" });
  const worker = await named({ LIVEKIT_URL: "ws://127.0.0.1:9", LIVEKIT_TOKEN: token });
  worker.clock.advance(5_000);
  await settle();
  expect(worker.announced()).toBe(false);
  worker.say({ type: "ready", agent });
  await worker.starting;
  await settle();
  expect(worker.ran()).toMatchObject([{ call: { context: { room: "lobby" }, identity: "agent-1" } }]);
});

it("says that it is ready without LiveKit when it is", async () => {
  const worker = await named({
    LIVEKIT_ENABLED: "false",
    BACKEND_URL: "http://127.0.0.1:9",
    PARLEY_WORKER_KEY: "k".repeat(32),
  });
  expect(worker.announced()).toBe(false);
  worker.say({ type: "ready", agent });
  await worker.starting;
  expect(worker.announced()).toBe(true);
});
