import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parley } from "../test/parley-process.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-doctor-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function doctor(env: NodeJS.ProcessEnv = {}) {
  const ports = { PARLEY_PORT: "0", PARLEY_LIVEKIT_PORT: "0" };
  const run = parley(["doctor"], { PARLEY_DATA: dir, ...ports, ...env }, dir);
  const exit = await run.exit;
  const line = (name: string) => run.stdout.findIndex((text) => text.slice(9).startsWith(name));
  return {
    exit,
    of: (name: string) => run.stdout.slice(line(name), line(name) + 2).join("\n"),
    text: run.stdout.join("\n"),
  };
}

describe("parley doctor", () => {
  it("finds what this machine has", async () => {
    const { exit, text } = await doctor();
    expect(text).not.toContain("MISSING");
    expect(exit).toBe(0);
  });

  it("says what is wrong, how to mend it, and exits 1", async () => {
    const other = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => other.listen(0, resolve));
    const { port } = other.address() as AddressInfo;
    const { exit, of } = await doctor({
      PARLEY_PORT: String(port),
      LIVEKIT_URL: "ws://127.0.0.1:9",
      LIVEKIT_API_KEY: "key",
      LIVEKIT_API_SECRET: "hunter2-hunter2-hunter2-hunter2-h",
      DATABASE_URL: "postgres://me:hunter2@127.0.0.1:9/parley",
      OPENAI_API_KEY: "hunter2",
      OPENAI_BASE_URL: "http://127.0.0.1:9/v1",
    });
    other.close();
    expect(exit).toBe(1);
    expect(of("PARLEY_PORT")).toMatch(/MISSING.*taken by another program\n.*set PARLEY_PORT/);
    expect(of("LiveKit")).toMatch(/MISSING.*127\.0\.0\.1:9[\s\S]*LIVEKIT_URL/);
    expect(of("Postgres")).toMatch(/MISSING.*127\.0\.0\.1:9\n.*DATABASE_URL/);
    expect(of("OPENAI_API_KEY")).toContain("OPENAI_BASE_URL=http://127.0.0.1:9/v1");
  });

  it("shows no secret", async () => {
    const { text } = await doctor({
      PARLEY_WORKER_KEYS: "hunter2",
      DATABASE_URL: "postgres://me:hunter2@127.0.0.1:9/p",
    });
    expect(text).toContain("PARLEY_WORKER_KEYS=<7 characters, hidden>");
    expect(text).not.toContain("hunter2");
  });
});
