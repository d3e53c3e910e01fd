import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { StoreError } from "../error.ts";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import type { Launch } from "./launch.ts";

const run = promisify(execFile);

export const SUPERUSER = "parley";
export const DATABASE = "parley";

/** What lies in the data folder. */
export function layout(dataDir: string) {
  return {
    /** The cluster itself. */
    cluster: join(dataDir, "data"),
    /** The superuser's password, made at the first start; mode 600. */
    password: join(dataDir, "password"),
    /** What Postgres has to say; survives us, so an adopted server goes on writing into it. */
    log: join(dataDir, "postgres.log"),
    owner: join(dataDir, "owner.json"),
  };
}

/** Makes the folder that everything lies in; others may pass it but not read it. */
export async function makeFolder(dataDir: string, account: Account | null): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await chmod(dataDir, account === null ? 0o700 : 0o711);
}

/** Makes the cluster when there is none. Returns the superuser's password. Throws StoreError. */
export async function ensureCluster(
  dataDir: string,
  binaries: Binaries,
  account: Account | null,
  launch: Launch,
): Promise<string> {
  const files = layout(dataDir);
  const version = await readFile(join(files.cluster, "PG_VERSION"), "utf8").catch(() => null);
  if (version !== null) {
    await checkVersion(version.trim(), binaries, launch, files.cluster);
    return readPassword(files.password, files.cluster);
  }

  const password = randomBytes(24).toString("base64url");
  await writeFile(files.password, `${password}\n`, { mode: 0o600 });
  // initdb reads the password as the account it runs as.
  if (account !== null) await chown(files.password, account.uid, account.gid);

  // Made aside and renamed: a start that is killed in the middle leaves no half cluster behind.
  const draft = `${files.cluster}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  if (account !== null) await chown(draft, account.uid, account.gid);
  try {
    await runProgram(launch, binaries.initdb, [
      `--pgdata=${draft}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${files.password}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // Postgres's own locale: whether this system has any does not matter.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      // A power cut soon after the first start must not take what this cluster has confirmed. One call instead of a
      // thousand: 0.1 s.
      ...(process.platform === "linux" ? ["--sync-method=syncfs"] : []),
    ]);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw new StoreError(`The embedded Postgres could not be created in ${dataDir}: ${lastWords(cause)}`, {
      code: "postgres-init-failed",
      category: "internal",
      cause,
    });
  }
  await rm(files.cluster, { recursive: true, force: true });
  await rename(draft, files.cluster);
  return password;
}

async function readPassword(path: string, cluster: string): Promise<string> {
  const password = (await readFile(path, "utf8").catch(() => "")).trim();
  if (password !== "") {
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
    return password;
  }
  throw new StoreError(
    `The password of the embedded Postgres is missing (${path}). Put it back, or move ${cluster} away to begin anew.`,
    { code: "postgres-password-missing", category: "configuration" },
  );
}

async function checkVersion(found: string, binaries: Binaries, launch: Launch, cluster: string): Promise<void> {
  const { stdout } = await runProgram(launch, binaries.postgres, ["--version"]);
  const ours = /\b(\d+)(?:\.\d+)?/.exec(stdout)?.[1] ?? "";
  if (ours === found) return;
  throw new StoreError(
    `${cluster} was made by Postgres ${found}, and the one installed here is ${ours}. ` +
      `Install the Parley that made it and move the data (pg_dump), or move the folder away to begin anew.`,
    { code: "postgres-version", category: "configuration" },
  );
}

function runProgram(launch: Launch, program: string, args: readonly string[]): Promise<{ stdout: string }> {
  const [command = program, ...rest] = [...launch.prefix, program, ...args];
  // cwd: the account may not be allowed into ours.
  return run(command, rest, { ...launch.ids, cwd: "/", env: { ...process.env, LC_ALL: "C" }, timeout: 120_000 });
}

function lastWords(cause: unknown): string {
  const { stderr, message } = cause as { stderr?: string; message?: string };
  return (stderr?.trim() || message || String(cause)).split("\n").slice(-4).join(" ").trim();
}
