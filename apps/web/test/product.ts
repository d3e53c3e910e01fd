import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Fact } from "@parley/conversation";

const MAIN = fileURLToPath(new URL("../../cli/src/main.js", import.meta.url));
const READY = "Parley is ready at ";
const START_TIMEOUT_MS = 240_000;
const STOP_TIMEOUT_MS = 30_000;

/** Parley as a user starts it, in a folder and on ports of its own. */
export interface Product {
  readonly url: string;
  /** The facts of the newest call, as the server stored them. */
  facts(): Promise<Fact[]>;
  stop(): Promise<void>;
}

export async function startProduct(dataDir: string): Promise<Product> {
  const child = spawn(process.execPath, [MAIN, "start"], {
    env: {
      ...process.env,
      PARLEY_DATA: dataDir,
      PARLEY_PORT: "0",
      PARLEY_LIVEKIT_PORT: "0",
      PARLEY_WORKER_PORT: "0",
      PARLEY_SHARDS: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const url = await readyUrl(child);
  return {
    url,
    async facts() {
      const { calls } = (await (await fetch(`${url}/api/calls`)).json()) as { calls: { callId: string }[] };
      const callId = calls[0]?.callId ?? "";
      const facts: Fact[] = [];
      for (let afterSeq: number | null = 0; afterSeq !== null; ) {
        const page = await fetch(`${url}/api/calls/${callId}?limit=200&afterSeq=${afterSeq}`);
        const body = (await page.json()) as { facts?: Fact[]; nextAfterSeq: number | null };
        facts.push(...(body.facts ?? []));
        afterSeq = body.nextAfterSeq ?? null;
      }
      return facts;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const exited = new Promise((resolve) => child.once("exit", resolve));
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      child.kill("SIGTERM");
      await exited;
      clearTimeout(late);
    },
  };
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const late = setTimeout(() => fail("was not ready in time"), START_TIMEOUT_MS);
    const fail = (why: string) => {
      clearTimeout(late);
      child.kill("SIGKILL");
      reject(new Error(`parley start ${why}:\n${printed.slice(-4_000)}`));
    };
    const look = (chunk: Buffer) => {
      printed += chunk.toString();
      const found = new RegExp(`^${READY}(\\S+)`, "m").exec(printed);
      if (!found?.[1]) return;
      clearTimeout(late);
      resolve(found[1]);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("exit", (code) => fail(`ended with ${code}`));
  });
}
