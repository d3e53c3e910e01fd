import { appendFile, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { getTableColumns, getTableName } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { apiKeys, apps, idempotencyKeys, tickets } from "./access/schema.ts";
import { agents, agentVersions } from "./agents/schema.ts";
import { auditLog } from "./audit/schema.ts";
import { connections, livekitEvents } from "./connections/schema.ts";
import { userContexts } from "./contexts/schema.ts";
import { callKeys, callPeople, dataKeys } from "./data-keys/schema.ts";
import { ERASED_WITH_CALL, KEPT_OF_CALL } from "./erasure/erase-call.ts";
import { erasures, tombstones } from "./erasure/schema.ts";
import { silentLog } from "./log.ts";
import { migrate } from "./migrate.ts";
import { parcels } from "./parcels/schema.ts";
import {
  recordingDeletions,
  recordingPieces,
  recordingSegments,
  recordings,
  recordingTickets,
} from "./recordings/schema.ts";
import { calls, facts, workerKeys } from "./schema.ts";
import { openStore } from "./store.ts";
import { tenants } from "./tenants/schema.ts";
import { type TestPostgres, testPostgres, withClient } from "./test/postgres.ts";
import { transcripts } from "./transcripts/schema.ts";
import { callUsage, usageDays, usageModelDays } from "./usage/schema.ts";

import { webhookDeliveries, webhookEvents, webhooks } from "./webhooks/schema.ts";

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-migrations-"));
  await cp(new URL("../migrations/", import.meta.url), folder, { recursive: true });
  return () => rm(folder, { recursive: true, force: true });
});

const apply = (url: string) => withClient(url, (client) => migrate(client, silentLog, pathToFileURL(`${folder}/`)));

test("replicas that start together migrate once", async () => {
  const url = await postgres.database();
  const stores = await Promise.all(Array.from({ length: 6 }, () => openStore({ url })));
  const { rows } = await withClient(url, (client) => client.query("select name from parley_migrations"));
  expect(rows).toEqual([
    { name: "0001_calls_and_facts.sql" },
    { name: "0002_live_calls.sql" },
    { name: "0003_fences.sql" },
    { name: "0004_tenants_and_keys.sql" },
    { name: "0005_connections.sql" },
    { name: "0006_conversations.sql" },
    { name: "0007_agents.sql" },
    { name: "0008_projections_and_usage.sql" },
    { name: "0008b_webhooks.sql" },
    { name: "0008c_contexts.sql" },
    { name: "0010_erasure.sql" },
    { name: "0011_recordings.sql" },
    { name: "0011b_egress.sql" },
    { name: "0012_data_keys.sql" },
    { name: "0013_business_hook.sql" },
    { name: "0013b_tickets_of_keys.sql" },
    { name: "0013c_usage_of_models.sql" },
    { name: "0014_parcels.sql" },
  ]);
  await Promise.all(stores.map((store) => store.close()));
});

test("the tables that the code knows are those that the SQL made", async () => {
  const url = await postgres.database();
  await apply(url);
  for (const table of [
    calls,
    facts,
    workerKeys,
    tenants,
    apiKeys,
    apps,
    tickets,
    parcels,
    idempotencyKeys,
    auditLog,
    connections,
    livekitEvents,
    transcripts,
    tombstones,
    erasures,
    recordings,
    recordingSegments,
    recordingPieces,
    recordingTickets,
    recordingDeletions,
    callUsage,
    usageDays,
    usageModelDays,
    agents,
    agentVersions,
    userContexts,
    dataKeys,
    callKeys,
    callPeople,
    webhooks,
    webhookEvents,
    webhookDeliveries,
  ]) {
    const { rows } = await withClient(url, (client) =>
      client.query(
        `select column_name as name, case is_nullable when 'NO' then true else false end as "notNull"
         from information_schema.columns where table_name = $1 order by 1`,
        [getTableName(table)],
      ),
    );
    const known = Object.values(getTableColumns(table)).map(({ name, notNull }) => ({ name, notNull }));
    expect(known.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(rows);
  }
});

test("of every table it is said whether an erased call's rows go or stay", async () => {
  const url = await postgres.database();
  await apply(url);
  const { rows } = await withClient(url, (client) =>
    client.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
       where a.attname = 'call_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
         and not c.relispartition order by 1`,
    ),
  );
  const known = ["calls", "facts", ...ERASED_WITH_CALL, ...KEPT_OF_CALL].sort();
  expect(rows.map(({ name }) => name)).toEqual(known);
});

test("a migration that was changed after it was applied is refused by name", async () => {
  const url = await postgres.database();
  await apply(url);
  await appendFile(join(folder, "0001_calls_and_facts.sql"), "\n-- changed\n");
  await expect(apply(url)).rejects.toMatchObject({
    code: "migration-changed",
    message: expect.stringContaining("0001"),
  });
});

test("a database of a newer Parley is refused by the migration's name", async () => {
  const url = await postgres.database();
  await writeFile(join(folder, "0099_future.sql"), "create table future ()");
  await apply(url);
  await expect(openStore({ url })).rejects.toMatchObject({
    code: "schema-newer",
    message: expect.stringContaining("0099_future.sql"),
  });
});

test("a migration that fails leaves nothing of itself", async () => {
  const url = await postgres.database();
  await writeFile(join(folder, "0002_broken.sql"), "create table half (); select no_such_function();");
  await expect(apply(url)).rejects.toMatchObject({
    code: "migration-failed",
    message: expect.stringContaining("0002"),
  });
  const { rows } = await withClient(url, (client) => client.query("select to_regclass('half') as half"));
  expect(rows).toEqual([{ half: null }]);
  await writeFile(join(folder, "0002_broken.sql"), "create table half ();");
  await apply(url);
});

test("an unreachable database, a wrong password and a bad URL are told apart, without the password", async () => {
  const url = await postgres.database();
  const wrong = new URL(url);
  wrong.password = "hunter2hunter2";
  const attempts = {
    wrong: wrong.href,
    away: "postgres://u:hunter2hunter2@127.0.0.1:1/x",
    url: "mysql://u:hunter2hunter2@h/x",
  };
  const codes: Record<string, string> = {};
  for (const [name, bad] of Object.entries(attempts)) {
    const error = await openStore({ url: bad, startWithinMs: 0 }).catch((e) => e);
    codes[name] = error.code;
    expect(error.message).toContain("DATABASE_URL");
    expect(error.message).not.toContain("hunter2");
  }
  expect(codes).toEqual({ wrong: "store-login-refused", away: "store-unreachable", url: "store-url-invalid" });
});
