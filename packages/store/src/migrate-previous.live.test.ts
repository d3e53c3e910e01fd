import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "./log.ts";
import { migrate } from "./migrate.ts";
import { openStore } from "./store.ts";
import { log } from "./test/facts.ts";
import { type TestPostgres, testPostgres, withClient } from "./test/postgres.ts";

/** The newest migration of the last version that was given out. */
const PREVIOUS = "0003_fences.sql";
const ours = new URL("../migrations/", import.meta.url);

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());

/** A database as the previous version left it, with a call that ended and one that goes on. */
async function previousDatabase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "parley-previous-"));
  for (const name of await readdir(ours)) if (name <= PREVIOUS) await cp(new URL(name, ours), join(folder, name));
  const url = await postgres.database();
  await withClient(url, async (client) => {
    await migrate(client, silentLog, pathToFileURL(`${folder}/`));
    await client.query(`
      create table facts_2026_06 partition of facts for values in ('2026-06-01');
      insert into calls (call_id, call_month, epoch, last_seq, fact_count, status, tenant_id, from_address, started_at, ended_at)
      values ('old-1', '2026-06-01', 1, 2, 2, 'ended', 'acme', '+491', '2026-06-03', '2026-06-03'),
             ('old-2', '2026-06-01', 1, 3, 3, 'live', null, null, '2026-06-04', null)`);
    for (const [callId, last] of [
      ["old-1", 2],
      ["old-2", 3],
    ] as const) {
      for (const { seq, epoch, type, at, ...body } of log(callId, 1, last))
        await client.query("insert into facts values ('2026-06-01', $1, $2, $3, $4, $5, $6)", [
          callId,
          seq,
          epoch,
          type,
          at,
          body,
        ]);
    }
  });
  await rm(folder, { recursive: true });
  return url;
}

test("a database of the previous version is brought up to date, and its calls are there and go on", async () => {
  const store = await openStore({ url: await previousDatabase() });
  expect((await store.calls.list()).calls.map(({ callId }) => callId)).toEqual(["old-2", "old-1"]);
  expect(await store.calls.get("old-1", "acme")).toMatchObject({ status: "ended", from: "+491" });
  expect((await store.facts.read("old-2")).facts.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  const more = log("old-2", 4, 6);
  expect(await store.facts.appendBatch({ callId: "old-2", epoch: 1, facts: more })).toMatchObject({ ackedSeq: 6 });
  expect(await store.calls.get("old-2")).toMatchObject({ lastSeq: 6, factCount: 6 });
  await store.erasures.begin({ erasureId: "e", tenantId: "acme", reason: "call", subject: "old-1" });
  expect(await store.erasures.eraseCall("old-1", "e")).toBe(true);
  await store.close();
});
