import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded/start.ts";
import { StoreError } from "./error.ts";
import { openStore, type Store } from "./store.ts";
import { log } from "./test/facts.ts";

const CALLS = 8;

let dataDir: string;
let postgres: EmbeddedPostgres;
let store: Store;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "parley-killed-"));
  postgres = await startEmbeddedPostgres({ dataDir });
  store = await openStore({ url: postgres.url });
});
afterEach(async () => {
  await store.close();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

it("outlives a Postgres that is killed in the middle of transactions, and stores each fact once afterwards", async () => {
  const stored = new Map<string, number>();
  const failures: unknown[] = [];
  let killed = false;
  /** One after the other, as an owner's facts come; what was not confirmed comes again. */
  const write = async (callId: string, until: () => boolean): Promise<void> => {
    while (!until()) {
      const from = (stored.get(callId) ?? 0) + 1;
      try {
        const result = await store.facts.appendBatch({ callId, epoch: 1, facts: log(callId, from, from + 4) });
        if (result.status === "stored") stored.set(callId, result.ackedSeq);
      } catch (error) {
        failures.push(error);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  const calls = Array.from({ length: CALLS }, (_, index) => `c${index}`);
  const writing = Promise.all(calls.map((callId) => write(callId, () => killed && failures.length >= CALLS)));
  await expect.poll(() => [...stored.values()].filter((seq) => seq > 50).length, { timeout: 60_000 }).toBe(CALLS);
  process.kill(postgres.pid, "SIGKILL");
  killed = true;
  await writing;
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure, String(failure)).toMatchObject({ retryable: true });
  }

  const { port } = postgres;
  await postgres.stop();
  postgres = await startEmbeddedPostgres({ dataDir, port });
  const confirmed = new Map(stored);
  await Promise.all(
    calls.map((callId) => write(callId, () => (stored.get(callId) ?? 0) > (confirmed.get(callId) ?? 0))),
  );
  for (const callId of calls) {
    const { facts } = await store.facts.read(callId, { limit: 5_000 });
    expect(facts.map((fact) => fact.seq)).toEqual(facts.map((_, index) => index + 1));
    expect(facts.length).toBeGreaterThanOrEqual(confirmed.get(callId) ?? 0);
  }
});
