import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ParleyError } from "@parley/engine";
import { dockerArguments, removeContainer } from "./binary/docker.ts";
import type { LiveKitBinary } from "./binary/find.ts";
import { type ServerPorts, type ServerSettings, serverConfig } from "./config.ts";

export interface Launched {
  child: ChildProcess;
  container: string | null;
  logPath: string;
}

export const configPath = (dataDir: string) => join(resolve(dataDir), "livekit.yaml");

/**
 * Writes the config (readable by this user only: it holds the secret) and starts the server in its own process group,
 * so that Ctrl-C in a terminal ends Parley, which ends its calls and then the server. Output goes to a file: a pipe
 * would kill an orphan at its next line.
 */
export async function launch(
  binary: LiveKitBinary,
  dataDir: string,
  settings: ServerSettings,
  ports: ServerPorts,
  env: NodeJS.ProcessEnv,
): Promise<Launched> {
  mkdirSync(dataDir, { recursive: true });
  const config = configPath(dataDir);
  const contained = binary.kind === "docker";
  writeFileSync(config, serverConfig(settings, ports, contained), { mode: 0o600 });
  const logPath = join(resolve(dataDir), "livekit.log");
  if (existsSync(logPath)) renameSync(logPath, `${logPath}.1`);

  const container = contained ? containerName(dataDir) : null;
  if (binary.kind === "docker") await removeContainer(binary.docker, containerName(dataDir), env);
  const command = binary.kind === "docker" ? binary.docker : binary.path;
  const args = binary.kind === "docker" ? dockerArguments(containerName(dataDir), config, ports) : ["--config", config];
  const output = openSync(logPath, "a", 0o600);
  try {
    const child = spawn(command, args, { env, stdio: ["ignore", output, output], detached: true });
    await new Promise<void>((started, failed) => {
      child.once("spawn", started);
      child.once("error", (error) => failed(cannotRun(command, error)));
    });
    return { child, container, logPath };
  } finally {
    closeSync(output);
  }
}

/** The last lines of the server's log, for an error message. */
export function logTail(logPath: string, lines = 8): string {
  try {
    return readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

function containerName(dataDir: string): string {
  return `parley-livekit-${createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 12)}`;
}

function cannotRun(command: string, cause: Error): ParleyError {
  return new ParleyError(`${command} could not be started: ${cause.message}`, {
    code: "livekit-start-failed",
    category: "configuration",
    cause,
  });
}
