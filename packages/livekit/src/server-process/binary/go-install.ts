import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";
import { onPath } from "./executable.ts";
import { run } from "./run.ts";

const MODULE = "github.com/livekit/livekit-server/cmd/server";

/** Builds livekit-server with the Go toolchain on the PATH (about two minutes) and puts it at `target`. Throws an Error. */
export async function goInstall(
  target: string,
  options: { env: NodeJS.ProcessEnv; timeoutMs?: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const go = onPath("go", options.env);
  if (go === null) throw new Error("there is no `go` on the PATH");
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(dirname(target), "go-"));
  try {
    const result = await run(go, ["install", `${MODULE}@v${LIVEKIT_SERVER_VERSION}`], {
      env: { ...options.env, GOBIN: folder },
      timeoutMs: options.timeoutMs ?? 600_000,
      signal: options.signal,
    });
    if (!result.ok) throw new Error(`\`go install ${MODULE}@v${LIVEKIT_SERVER_VERSION}\` failed: ${result.output}`);
    renameSync(join(folder, "server"), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
