import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ParleyError } from "@parley/engine";
import { findPocketSphinx, INSTALL_HINT, pythonEnvironment } from "../pocketsphinx/installation.ts";

export interface InstallOptions {
  /** Told what is being done, one line each. */
  log?(line: string): void;
  signal?: AbortSignal;
}

const PACKAGES = ["libpocketsphinx3", "pocketsphinx-en-us"];
const PYTHON_PACKAGE = "pocketsphinx==5.1.1";
const STEP_MS = 300_000;
/** Kept of what a failing step said. */
const MAX_COMPLAINT = 400;

/**
 * Gets what local speech needs and this machine lacks: by apt as root or with sudo, else into a Python environment in
 * Parley's cache folder. Does nothing when all is there.
 * Throws ParleyError `local-speech-not-installed`, which says how to do it by hand.
 */
export async function installLocalSpeech({ log = () => {}, signal }: InstallOptions = {}): Promise<void> {
  if (isThere()) return;
  const tried: string[] = [];
  for (const [name, way] of [
    ["apt", byApt],
    ["Python", byPython],
  ] as const) {
    try {
      await way(log, signal);
      if (isThere()) return;
      tried.push(`${name}: it was installed but is still not found`);
    } catch (error) {
      tried.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (signal?.aborted) break;
  }
  throw new ParleyError(`PocketSphinx could not be installed (${tried.join("; ")}). ${INSTALL_HINT}`, {
    code: "local-speech-not-installed",
    category: "configuration",
  });
}

function isThere(): boolean {
  try {
    findPocketSphinx();
    return true;
  } catch {
    return false;
  }
}

async function byApt(log: (line: string) => void, signal: AbortSignal | undefined): Promise<void> {
  if (!existsSync("/usr/bin/apt-get")) throw new Error("there is no apt-get here");
  const root = process.getuid?.() === 0;
  if (!root) await run("sudo", ["-n", "true"], signal);
  const apt = (...args: string[]) =>
    root ? run("apt-get", args, signal) : run("sudo", ["-n", "apt-get", ...args], signal);
  const install = ["install", "-y", "--no-install-recommends", ...PACKAGES];
  log(`Installing ${PACKAGES.join(" and ")} ...`);
  // Package lists may be missing or old: then once more after an update.
  await apt(...install).catch(async () => {
    await apt("update");
    await apt(...install);
  });
}

async function byPython(log: (line: string) => void, signal: AbortSignal | undefined): Promise<void> {
  const folder = pythonEnvironment();
  log(`Installing ${PYTHON_PACKAGE} into ${folder} ...`);
  await mkdir(dirname(folder), { recursive: true });
  try {
    await run("python3", ["-m", "venv", folder], signal);
    await run(join(folder, "bin", "pip"), ["install", "--quiet", PYTHON_PACKAGE], signal);
  } catch (error) {
    // Half an environment would be found and fail later.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Resolves when the command has succeeded; rejects with the end of what it said. */
function run(command: string, args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const bounded = signal ? AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]) : AbortSignal.timeout(STEP_MS);
  const child = spawn(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    signal: bounded,
    killSignal: "SIGKILL",
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT);
  });
  child.once("error", (error) => reject(new Error(`${command}: ${error.message}`)));
  child.once("close", (code) =>
    code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${complaint.trim()}`)),
  );
  return promise;
}
