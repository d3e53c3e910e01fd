/**
 * Program: the whole API, driven from its own description with generated input, right and wrong, with a tenant's key. No answer
 * may be a 5xx, differ from its schema, take longer than 10 s, or hold anything of another tenant's.
 * `npm run fuzz [-- --examples 30] [--seed 1]`; writes docs/fuzz.md. Needs python3 with venv; installs schemathesis beside.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startLiveKitServer } from "@parley/livekit";
import { openStore, startEmbeddedPostgres } from "@parley/store";
import { scopes } from "../src/access/scopes.ts";
import { readServerConfig, startServer } from "../src/index.ts";

const { values } = parseArgs({
  options: { examples: { type: "string", default: "30" }, seed: { type: "string", default: "1" } },
});
const root = path.join(import.meta.dirname, "../../..");
const requirements = path.join(import.meta.dirname, "requirements.txt");
const ROOT_KEY = "the-root-key-of-the-fuzz-run";
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
    PARLEY_RATE_LIMIT: "1000000",
    PARLEY_DATA: folder,
    PARLEY_SECRET_KEY: Buffer.alloc(32, 1).toString("base64"),
  }),
  store,
  livekit: { url: livekit.url, ...LIVEKIT },
  agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
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
  const har = path.join(folder, "answers.har");
  const args = [
    "run",
    `${server.url}/openapi.json`,
    "--header",
    `Authorization: Bearer ${mine}`,
    "--checks",
    "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance",
    "--max-examples",
    values.examples,
    "--seed",
    values.seed,
    "--request-timeout",
    "10",
    "--workers",
    "1",
    "--report",
    "har",
    "--report-har-path",
    har,
    "--no-color",
  ];
  const run = spawnSync(schemathesis(), args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  console.log(run.stdout, run.stderr);
  const leaked = existsSync(har) && answersIn(har).some((body) => body.includes(MARK));
  const alive = (await fetch(`${server.url}/healthz`)).ok;
  failed = run.status !== 0 || leaked || !alive;
  writeFileSync(
    path.join(root, "docs/fuzz.md"),
    report(run.stdout, { leaked, alive, failed, answers: answersIn(har).length }),
  );
} finally {
  await server.close();
  await store.close();
  await Promise.allSettled([livekit.stop(), postgres.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Its program, installed once per set of pins. */
function schemathesis(): string {
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const venv = path.join(root, ".parley/fuzz", wanted);
  const program = path.join(venv, "bin/schemathesis");
  if (existsSync(program)) return program;
  mkdirSync(path.dirname(venv), { recursive: true });
  execFileSync("python3", ["-m", "venv", venv], { stdio: "inherit" });
  const pip = ["-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check", "-r", requirements];
  execFileSync(path.join(venv, "bin/python"), pip, { stdio: "inherit" });
  return program;
}

function answersIn(file: string): string[] {
  const { log } = JSON.parse(readFileSync(file, "utf8")) as {
    log: { entries: { response: { content?: { text?: string; encoding?: string } } }[] };
  };
  return log.entries.map(({ response: { content } }) =>
    content?.encoding === "base64" ? Buffer.from(content.text ?? "", "base64").toString() : (content?.text ?? ""),
  );
}

interface Outcome {
  leaked: boolean;
  alive: boolean;
  failed: boolean;
  answers: number;
}

function report(output: string, { leaked, alive, failed, answers }: Outcome): string {
  const summary = output
    .slice(output.indexOf("SUMMARY"))
    .replaceAll(server.url, "")
    .replaceAll(root, "")
    .replaceAll(folder, "");
  return [
    "# The API under generated input",
    "",
    `\`npm run fuzz -- --examples ${values.examples} --seed ${values.seed}\` drives every route from \`/openapi.json\` with a tenant's key`,
    "([schemathesis](https://schemathesis.io)): right and wrong input, against a real Postgres and a real livekit-server.",
    "",
    `- ${failed ? "**failed**" : "passed"}: ${answers} answers; checked: no 5xx, the answer fits its schema, its status and type are described, none takes 10 s`,
    `- another tenant's data in an answer: ${leaked ? "**yes**" : "none"}`,
    `- the server afterwards: ${alive ? "alive" : "**gone**"}`,
    "",
    "```",
    summary.trim(),
    "```",
    "",
  ].join("\n");
}
