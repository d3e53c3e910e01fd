import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded/start.ts";
import { openStore, type Store } from "./store.ts";
import { freeze, thaw } from "./test/frozen.ts";
import { withClient } from "./test/postgres.ts";

/** Far more than could be waited for, one after the other, if each waited for a time-out. */
const MANY = 300;

let dataDir: string;
let postgres: EmbeddedPostgres;
let store: Store;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "parley-presence-"));
  postgres = await startEmbeddedPostgres({ dataDir });
  store = await openStore({ url: postgres.url });
});
afterEach(async () => {
  await store.close();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function failMany(): Promise<void> {
  for (let i = 0; i < MANY; i += 1)
    await expect(store.calls.list()).rejects.toMatchObject({
      code: "store-away",
      category: "network",
      retryable: true,
    });
}

test("stopped: everything fails at once, and works again by itself", async () => {
  const { port } = postgres;
  await postgres.stop();
  await expect(store.calls.list()).rejects.toMatchObject({ retryable: true });
  await expect.poll(() => store.ping().catch((error) => error.code)).toBe("store-away");
  await failMany();
  postgres = await startEmbeddedPostgres({ dataDir, port });
  await expect.poll(() => store.ping().then(() => "here", String), { timeout: 60_000 }).toBe("here");
  expect(await store.calls.list()).toMatchObject({ calls: [] });
});

test("hung: who waits is told as soon as that is known, and nobody waits after them", async () => {
  const frozen = freeze(postgres.pid);
  try {
    const waiting = await Promise.allSettled(Array.from({ length: 30 }, () => store.calls.list()));
    for (const one of waiting) expect(one).toMatchObject({ status: "rejected", reason: { retryable: true } });
    await failMany();
  } finally {
    thaw(frozen);
  }
  await expect.poll(() => store.ping().then(() => "here", String), { timeout: 60_000 }).toBe("here");
});

test("a connection that is cut, a slow statement and a mistake are nobody's absence", async () => {
  await Promise.all([store.ping(), store.ping(), store.ping()]);
  await withClient(postgres.url, (client) =>
    client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null",
    ),
  );
  await store.ping().catch(() => undefined);
  await expect.poll(() => store.ping().then(() => "here", String)).toBe("here");
  await withClient(postgres.url, async (client) => {
    await client.query("begin");
    await client.query("lock table calls");
    const waits = store.calls.list();
    await sleep(2_500);
    expect(await store.audit.list({}).then(() => "here", String)).toBe("here");
    await client.query("commit");
    expect(await waits).toMatchObject({ calls: [] });
  });
  await expect(store.calls.list({ cursor: "nonsense" })).rejects.toMatchObject({ code: "cursor-invalid" });
  await store.ping();
});
