import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import type { Check } from "./check.ts";

const NODE_MAJOR = 24;
const CONNECT_MS = 5_000;

export function nodeCheck(version = process.versions.node): Check {
  return {
    name: "Node",
    needed: "needed",
    async look() {
      if (Number(version.split(".")[0]) >= NODE_MAJOR) return { ok: true, says: version };
      const how =
        "run it through npm (npm start, npm run parley -- …), which brings its own; or install it from nodejs.org";
      return { ok: false, says: `${version}, but ${NODE_MAJOR} or newer is needed`, how };
    },
  };
}

export function programOnPath(names: readonly string[], env: NodeJS.ProcessEnv): string | null {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

export function chromiumCheck(env: NodeJS.ProcessEnv): Check {
  return {
    name: "Chromium",
    needed: "optional",
    async look() {
      const path = programOnPath(["chromium", "chromium-browser", "google-chrome"], env);
      if (path) return { ok: true, says: path };
      return { ok: false, says: "not found; only the tests need it", how: "apt-get install chromium" };
    },
  };
}

/** `taken` decides what it means that something listens there. */
export function portCheck(setting: string, port: number, what: string): Check {
  return {
    name: setting,
    needed: "needed",
    async look() {
      if (port === 0 || (await isFree(port))) return { ok: true, says: `${port}, for ${what}: free` };
      if (await speaksForParley(port)) return { ok: true, says: `${port}, for ${what}: in use by a running Parley` };
      const how = `end the program that listens there (\`ss -ltnp 'sport = :${port}'\` shows it), or set ${setting} to another port`;
      return { ok: false, says: `${port}, for ${what}, is taken by another program`, how };
    },
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Our server and worker say so at /healthz; the embedded LiveKit answers `OK` at /. */
async function speaksForParley(port: number): Promise<boolean> {
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(CONNECT_MS) });
    return response.ok ? await response.text() : "";
  };
  try {
    return (await get("/healthz")).includes('"status"') || (await get("/")).trim() === "OK";
  } catch {
    return false;
  }
}

/** True when something accepts connections at the address of a URL. */
export function reachable(url: string, defaultPort: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: port === "" ? defaultPort : Number(port), timeout: CONNECT_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
