import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What a peer needs before it can run; none of it is among the product's own dependencies. */
export interface Requirement {
  name: string;
  kind: "npm" | "pip";
  /** Where its pins and its agent are kept. */
  sources: string;
  agent: string;
  /** Where its packages go. */
  folder: string;
}

/** Runs one command to its end; throws with what it printed. */
export type Run = (command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) => Promise<void>;

const INSTALL_TIMEOUT_MS = 600_000;
const PINS = { npm: ["package.json", "package-lock.json"], pip: ["requirements.txt"] } as const;
const PYTHON_CHECK = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/**
 * Installs a peer's pinned packages, unless they are there already. Throws with what to do when it can't. A stamp with the
 * hash of the pins is written last: an install that was cut is done again from the start.
 */
export async function install(peer: Requirement, run: Run = runToEnd): Promise<"present" | "installed"> {
  const { kind, sources, folder, agent } = peer;
  const stamp = path.join(folder, "installed");
  const hash = createHash("sha256");
  for (const pins of PINS[kind]) hash.update(readFileSync(path.join(sources, pins)));
  const wanted = hash.digest("hex");
  const entry = kind === "npm" ? path.join(folder, "node_modules") : python(peer);
  const present = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(entry);
  if (!present) {
    if (kind === "pip") await checkPython(peer, run);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const pins of PINS[kind]) copyFileSync(path.join(sources, pins), path.join(folder, pins));
    await (kind === "npm" ? installNode : installPython)(peer, run);
    writeFileSync(stamp, wanted);
  }
  if (kind === "npm") copyFileSync(path.join(sources, agent), agentPath(peer));
  return present ? "present" : "installed";
}

/** The interpreter of a Python peer. */
export const python = ({ folder }: Requirement) => path.join(folder, "venv/bin/python");

/** Node finds packages from where a file really is: a Node peer's agent is copied beside them. */
export const agentPath = ({ kind, folder, sources, agent }: Requirement) =>
  path.join(kind === "npm" ? folder : sources, agent);

async function installNode({ folder }: Requirement, run: Run): Promise<void> {
  // Unset, onnxruntime-node's own installer downloads libraries for graphics cards.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, env });
}

async function installPython(peer: Requirement, run: Run): Promise<void> {
  const options = { cwd: peer.folder, env: process.env };
  await run("python3", ["-m", "venv", "venv"], options);
  const pip = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "-r", "requirements.txt"];
  await run(python(peer), pip, options);
}

async function checkPython({ name, sources }: Requirement, run: Run): Promise<void> {
  try {
    await run("python3", ["-c", PYTHON_CHECK], { cwd: sources, env: process.env });
  } catch (cause) {
    const fix = "install it (Debian: apt-get install python3 python3-venv) or leave the target out (--targets)";
    throw new Error(`${name} needs python3, 3.10 or newer, with venv and pip: ${fix}`, { cause });
  }
}

function runToEnd(command: string, args: string[], { cwd, env }: Parameters<Run>[2]): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: INSTALL_TIMEOUT_MS, maxBuffer: 2 ** 26 };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const printed = `${stdout}\n${stderr}`.trim().slice(-1500);
      reject(
        new Error(`${path.basename(command)} ${args.join(" ")} failed (${error.code ?? error.signal}): ${printed}`),
      );
    });
  });
}
