import type { ServerPorts } from "../config.ts";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";
import { onPath } from "./executable.ts";
import { run } from "./run.ts";

const IMAGE = `livekit/livekit-server:v${LIVEKIT_SERVER_VERSION}`;

/** The path of a Docker client whose daemon answers. Throws an Error that says what is missing. */
export async function workingDocker(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const docker = onPath("docker", env);
  if (docker === null) throw new Error("there is no `docker` on the PATH");
  const result = await run(docker, ["version", "--format", "{{.Server.Version}}"], { env, timeoutMs: 10_000, signal });
  if (!result.ok) throw new Error(`Docker does not work: ${result.output}`);
  return docker;
}

/** `docker run` in the foreground, with both ports published on loopback only. */
export function dockerArguments(container: string, configPath: string, ports: ServerPorts): string[] {
  return [
    "run",
    "--rm",
    "--name",
    container,
    "-p",
    `127.0.0.1:${ports.port}:${ports.port}`,
    "-p",
    `127.0.0.1:${ports.udpPort}:${ports.udpPort}/udp`,
    "-v",
    `${configPath}:/livekit.yaml:ro`,
    IMAGE,
    "--config",
    "/livekit.yaml",
  ];
}

/** Removes a container that a killed start left behind; no error when there is none. */
export async function removeContainer(docker: string, container: string, env: NodeJS.ProcessEnv): Promise<void> {
  await run(docker, ["rm", "-f", container], { env, timeoutMs: 20_000 });
}
