import { spawn, spawnSync } from "node:child_process";

/** Runs a command to its end with its output on standard error; returns its exit code. */
export function runQuietly(command, args, options = {}) {
  const { env, ...rest } = options;
  const result = spawnSync(command, args, {
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
    ...rest,
  });
  return result.status ?? 1;
}

/** What a command prints, or null when it fails or is not there. */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: "utf8", timeout: 20_000 });
  return result.status === 0 ? result.stdout.trim() : null;
}

/**
 * Becomes, as far as a program can tell, the command: same terminal, SIGINT and SIGTERM handed on, same exit code.
 * A terminal's Ctrl-C reaches the child by itself (it is in the same group), so only `kill` needs handing on.
 */
export function become(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  const interactive = process.stdin.isTTY === true;
  let told = false;
  const tell = (signal) => {
    told = true;
    child.kill(signal);
  };
  process.on("SIGINT", () => {
    if (interactive) told = true;
    else tell("SIGINT");
  });
  process.on("SIGTERM", () => tell("SIGTERM"));
  process.on("SIGHUP", () => tell("SIGTERM"));
  // npm that is told to stop may end its shell without a word to us: then there is nobody left to run for.
  const parent = process.ppid;
  const orphaned = () => process.env.npm_lifecycle_event && process.ppid !== parent;
  setInterval(() => {
    if (!told && orphaned()) tell("SIGTERM");
  }, 500).unref();
  return new Promise((resolve) => {
    child.once("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(1);
    });
    child.once("exit", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
