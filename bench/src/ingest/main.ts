/**
 * Program: how many facts a second the server stores, from synthetic workers, on an embedded Postgres that syncs.
 * `npm run bench:ingest -- [--calls 1,100,1000] [--rate 10000] [--seconds 10] [--lines 8]
 * [--watchers 10] [--write]`
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "@parley/store";
import pg from "pg";
import { killChildrenAtExit, startNode } from "../child.ts";
import { Meter } from "../meter.ts";
import type { LoadAndWatch, LoadedAndWatched } from "./load-main.ts";
import { type Row, table } from "./report.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "1,100,1000" },
    rate: { type: "string", default: "10000" },
    seconds: { type: "string", default: "10" },
    lines: { type: "string", default: "8" },
    watchers: { type: "string", default: "10" },
    write: { type: "boolean", default: false },
  },
});
const KEY = "the-worker-key-of-this-benchmark";
const WARM_SECONDS = 2;
const folder = mkdtempSync(path.join(tmpdir(), "parley-ingest-"));
killChildrenAtExit();

const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, "postgres") });
const rows: Row[] = [];
try {
  const server = startNode({
    args: [path.join(import.meta.dirname, "server-main.ts")],
    env: {
      ...process.env,
      LIVEKIT_ENABLED: "false",
      DATABASE_URL: postgres.url,
      PARLEY_PORT: "0",
      PARLEY_WORKER_KEY: KEY,
      PARLEY_DATA: folder,
    },
    logPath: path.join(folder, "server.log"),
  });
  const [, port] = await server.printed(/listening on (\d+)/, 30_000);
  for (const calls of values.calls.split(",").map(Number)) {
    const lines = Math.min(calls, Number(values.lines));
    rows.push(await measure({ port: Number(port), calls, lines, serverPid: server.pid }));
  }
  const shown = await ask<{ fsync: string; sync: string }>(
    "select current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync",
  );
  const text = table(rows, { rate: Number(values.rate), ...shown });
  console.log(text);
  if (values.write) writeFileSync(path.join(import.meta.dirname, "../../results/ingest.md"), text);
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

async function measure(at: { port: number; calls: number; lines: number; serverPid: number }): Promise<Row> {
  const options: LoadAndWatch = {
    port: at.port,
    key: KEY,
    lines: at.lines,
    calls: at.calls,
    rate: Number(values.rate),
    seconds: Number(values.seconds),
    warmSeconds: WARM_SECONDS,
    run: `r${Date.now()}`,
    watchers: Number(values.watchers),
    watchLog: path.join(folder, "watch.log"),
  };
  const workers = startNode({
    args: [path.join(import.meta.dirname, "load-main.ts")],
    env: process.env,
    logPath: path.join(folder, "load.log"),
    ipc: true,
  });
  const meters = {
    server: new Meter(at.serverPid),
    postgres: new Meter(postgres.pid),
    workers: new Meter(workers.pid),
  };
  const before = await commits();
  const startedAt = performance.now();
  workers.process.send(options);
  const result = await new Promise<LoadedAndWatched>((resolve, reject) => {
    workers.process.once("message", (message) => resolve(message as LoadedAndWatched));
    workers.process.once("exit", () => setTimeout(() => reject(new Error("the synthetic workers died")), 500));
    const sampling = setInterval(() => {
      for (const meter of Object.values(meters)) meter.sample();
    }, 200);
    workers.process.once("exit", () => clearInterval(sampling));
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const cores = Object.fromEntries(
    Object.entries(meters).map(([name, meter]) => [name, meter.cpuSeconds / seconds]),
  ) as Row["cores"];
  const { n: stored } = await ask<{ n: number }>(
    `select coalesce(sum(last_seq), 0)::int as n from calls where call_id like '${options.run}-%'`,
  );
  return { ...at, result, stored, commits: (await commits()) - before, wholeSeconds: seconds, cores };
}

async function commits(): Promise<number> {
  return (
    await ask<{ n: number }>("select xact_commit::int as n from pg_stat_database where datname = current_database()")
  ).n;
}

async function ask<T>(text: string): Promise<T> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query(text)).rows[0] as T;
  } finally {
    await client.end();
  }
}
