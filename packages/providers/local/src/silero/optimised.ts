import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { cacheFolder } from "../cache-folder.ts";

type Runtime = Pick<typeof import("onnxruntime-node"), "InferenceSession" | "env">;

/**
 * A session of this model. Most of what opening one takes goes into making its graph fast; that is done once on a machine
 * and kept in the runtime's own format, which opens in half the time and takes 9 MiB less. Where it cannot be kept, or
 * what was kept cannot be read, it is done again. Rejects when the model itself cannot be used.
 */
export async function openOptimised(
  { InferenceSession, env }: Runtime,
  modelPath: string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  const kept = keptPath(modelPath, env.versions.node ?? "");
  if (existsSync(kept)) {
    try {
      return await InferenceSession.create(kept, { ...options, graphOptimizationLevel: "disabled" });
    } catch {
      remove(kept);
    }
  }
  // Of a name of its own: other processes may be at it as well.
  const fresh = kept.replace(/\.ort$/, `.${process.pid}.ort`);
  let session: InferenceSession;
  try {
    mkdirSync(dirname(kept), { recursive: true, mode: 0o700 });
    session = await InferenceSession.create(modelPath, { ...options, optimizedModelFilePath: fresh });
  } catch {
    remove(fresh);
    return InferenceSession.create(modelPath, options);
  }
  try {
    renameSync(fresh, kept);
  } catch {
    remove(fresh);
  }
  return session;
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Whoever may not write there has left nothing there.
  }
}

/** What is fast depends on the model, the runtime and the processor. */
function keptPath(modelPath: string, runtime: string): string {
  const { size, mtimeMs } = statSync(modelPath);
  const made = [modelPath, size, mtimeMs, runtime, process.arch, cpus()[0]?.model].join("\n");
  return join(cacheFolder("models"), `${createHash("sha256").update(made).digest("hex").slice(0, 32)}.ort`);
}
