/**
 * Program: the whole API, driven from its own description with generated input, right and wrong, with a tenant's key. No answer
 * may be a 5xx, differ from its schema, take longer than 10 s, or hold anything of another tenant's.
 * `npm run fuzz [-- --examples 30] [--seed 1]`; writes docs/fuzz.md. Needs python3 with venv; installs schemathesis beside.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { STORED_AGENTS } from "@parley/agent/stored";
import { startLiveKitServer } from "@parley/livekit";
import { openStore, startEmbeddedPostgres } from "@parley/store";
import { openUplink } from "@parley/uplink";
import pino from "pino";
import { scopes } from "../src/access/scopes.ts";
import { readServerConfig, startServer } from "../src/index.ts";
import { report } from "./report.ts";
import { schemathesis } from "./schemathesis.ts";

const { values } = parseArgs({
  options: { examples: { type: "string", default: "30" }, seed: { type: "string", default: "1" } },
});
const root = path.join(import.meta.dirname, "../../..");
const KEYS = "^/api/(keys|tenants)";
const ROOT_KEY = "the-root-key-of-the-fuzz-run";
const WORKER_KEY = "the-worker-key-of-the-fuzz-run";
const LIVEKIT = { apiKey: "fuzz", apiSecret: "a-secret-of-32-characters-or-more-for-the-fuzz-run" };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
/** In everything that the other tenant has. */
const MARK = `not-yours-${randomUUID()}`;

const folder = mkdtempSync(path.join(tmpdir(), "parley-fuzz-"));
const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, "postgres") });
const livekit = await startLiveKitServer({ dataDir: path.join(folder, "livekit"), ...LIVEKIT, port: 0, log: quiet });
const store = await openStore({ url: postgres.url });
const server = await startServer({
  config: readServerConfig({
    PARLEY_PORT: "0",
    PARLEY_API_KEY: ROOT_KEY,
    PARLEY_WORKER_KEY: WORKER_KEY,
    PARLEY_RATE_LIMIT: "1000000",
    PARLEY_DATA: folder,
    PARLEY_SECRET_KEY: Buffer.alloc(32, 1).toString("base64"),
  }),
  store,
  livekit: { url: livekit.url, ...LIVEKIT },
  agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
  log: pino({ level: "error" }),
});

// Nobody talks to it: it is there, so that stored agents can be asked for.
const worker = await openUplink({
  url: server.url,
  key: WORKER_KEY,
  dir: path.join(folder, "calls"),
  agent: STORED_AGENTS,
  open: () => true,
});

async function post(url: string, body: object, key = ROOT_KEY): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(`${server.url}${url}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

async function tenant(name: string): Promise<string> {
  const tenantId = `${name}-${randomUUID()}`;
  await post("/api/tenants", { tenantId, name });
  return (await post("/api/keys", { name, scopes: [...scopes], tenantId })).key!;
}

let failed = true;
try {
  const theirs = await tenant("theirs");
  await post("/api/apps", { name: MARK }, theirs);
  await post("/api/keys", { name: MARK, scopes: ["calls:read"] }, theirs);
  await post("/livekit/create-room", { participantName: MARK, agentId: "front-desk", metadata: { MARK } }, theirs);
  const mine = await tenant("mine");
  const home = path.join(root, ".parley/fuzz");
  const usual = { url: server.url, examples: values.examples, seed: values.seed, folder, home };
  const runs = [
    // Its key would soon be revoked by what it sends.
    { what: "A tenant's key", run: await schemathesis({ ...usual, key: mine, not: KEYS }) },
    { what: "The root key, over keys and tenants", run: await schemathesis({ ...usual, key: ROOT_KEY, only: KEYS }) },
  ];
  const leaked = runs[0]!.run.answers.some(({ body }) => body.includes(MARK));
  const alive = (await fetch(`${server.url}/healthz`)).ok;
  failed = leaked || !alive || runs.some(({ run }) => run.status !== 0);
  const command = `npm run fuzz -- --examples ${values.examples} --seed ${values.seed}`;
  const text = report({ command, runs, leaked, alive, failed, hide: [server.url, root, folder] });
  writeFileSync(path.join(root, "docs/fuzz.md"), text);
} finally {
  await worker.close();
  await server.close();
  await store.close();
  await Promise.allSettled([livekit.stop(), postgres.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
