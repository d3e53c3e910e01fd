import { readServerConfig } from "@parley/server";
import { KNOWN_PARLEY_SETTINGS } from "@parley/settings";
import { readWorkerConfig } from "@parley/worker";
import { describe, expect, test } from "vitest";
import { readStartConfig } from "../../src/start/config.ts";
import { guides, roomPages, sources } from "./pages.ts";

/** The system's own, which are no settings of Parley. */
const SYSTEM = ["HOME", "INIT_CWD", "LD_LIBRARY_PATH", "NODE_COMPILE_CACHE", "PATH"];
/** How one of our processes tells its child what to do. */
const BETWEEN_PROCESSES = ["PARLEY_CALLER"];
/** What agents and helpers of tests read, which a test gives them. */
const OF_FIXTURES = ["GRACE_MS", "FAULTS_WRITE", "FAULT_BOARD"];

interface Row {
  name: string;
  default: string;
  section: string;
}

function rows(): Row[] {
  const page = guides().find(({ path }) => path === "docs/settings.md")?.text ?? "";
  let section = "";
  return page.split("\n").flatMap((line) => {
    section = /^## (.*)/.exec(line)?.[1] ?? section;
    const cells = /^\| `([A-Z0-9_]+)` \| (.*?) \|/.exec(line);
    return cells ? [{ name: cells[1]!, default: cells[2]!, section }] : [];
  });
}

/** Names that sources read: `env.NAME`, `env["NAME"]`, `{ NAME } = env`, and the keys of schemas of settings. */
function readBySource(): string[] {
  const names = new Set<string>();
  for (const { text } of sources()) {
    for (const [, name] of text.matchAll(/\benv\??\.([A-Z][A-Z0-9_]+)/g)) names.add(name!);
    for (const [, name] of text.matchAll(/\benv\["([A-Z][A-Z0-9_]+)"\]/g)) names.add(name!);
    for (const [, list] of text.matchAll(/\{([^{}]+)\} = (?:process\.)?env\b/g)) {
      for (const [name] of list!.matchAll(/(?<!: )\b[A-Z][A-Z0-9_]+/g)) names.add(name);
    }
    if (!text.includes('from "@parley/settings"')) continue;
    for (const [, name] of text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)) names.add(name!);
  }
  return [...names].filter((name) => ![...SYSTEM, ...BETWEEN_PROCESSES, ...OF_FIXTURES].includes(name)).sort();
}

describe("docs/settings.md", () => {
  test("has every setting that is read, and no other", () => {
    expect(
      rows()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(readBySource());
  });

  test("has exactly the PARLEY_ names that programs take for known", () => {
    const named = rows().filter(({ name, section }) => name.startsWith("PARLEY_") && section !== "Tests only");
    expect(named.map(({ name }) => name).sort()).toEqual([...KNOWN_PARLEY_SETTINGS].sort());
  });

  test("says the defaults that the code has", () => {
    const server = readServerConfig({});
    const keys = { LIVEKIT_API_KEY: "k", LIVEKIT_API_SECRET: "s" };
    const worker = readWorkerConfig("agent.ts", { LIVEKIT_URL: "ws://127.0.0.1:7880", ...keys });
    const start = readStartConfig({});
    const code: Record<string, unknown> = {
      PARLEY_HOST: server.host,
      PARLEY_PORT: server.port,
      PARLEY_LIVEKIT_PORT: start.livekitPort,
      PARLEY_CALLS_MAX_MB: worker.callsMaxMb,
      PARLEY_RECORDINGS_MAX_MB: worker.recordingsMaxMb,
      PARLEY_LOG_LEVEL: worker.logLevel,
      CONNECTION_TIMEOUT: server.connectionTimeoutMs,
      REQUEST_TIMEOUT: server.requestTimeoutMs,
    };
    const page = Object.fromEntries(rows().map((row) => [row.name, row.default]));
    for (const [name, value] of Object.entries(code)) expect(page[name], name).toMatch(new RegExp(`^\`${value}\``));
    expect(worker.connectionTimeoutMs).toBe(server.connectionTimeoutMs);
    expect(worker.requestTimeoutMs).toBe(server.requestTimeoutMs);
  });
});

test("no page names a setting that does not exist", () => {
  const known = new Set([...rows().map(({ name }) => name), "PARLEY_SHARD"]);
  for (const { path, text } of [...guides(), ...roomPages()]) {
    const named = [...text.matchAll(/(?<!\w)(?:PARLEY|LIVEKIT|OPENAI|VITE)_[A-Z0-9_]*[A-Z0-9]\b/g)].map(
      ([name]) => name,
    );
    expect(
      named.filter((name) => !known.has(name)),
      path,
    ).toEqual([]);
  }
});
