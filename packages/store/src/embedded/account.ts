import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { StoreError } from "../error.ts";
import type { StoreLog } from "../log.ts";

const run = promisify(execFile);
const NAME = "postgres";

/** Who Postgres runs as. It refuses to run as root, so root hands it to another account. */
export interface Account {
  uid: number;
  gid: number;
}

/** Null: run as ourselves. Makes the account `postgres` when root finds none. Throws StoreError `postgres-no-account`. */
export async function accountForPostgres(log: StoreLog): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const existing = await lookUp();
  if (existing !== null) return existing;
  try {
    await run("groupadd", ["--system", NAME]).catch(() => undefined);
    await run("useradd", ["--system", "--gid", NAME, "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]);
    log.info({ account: NAME }, "made a system account for the embedded Postgres, which refuses to run as root");
    const made = await lookUp();
    if (made !== null) return made;
  } catch (cause) {
    throw noAccount(cause);
  }
  throw noAccount(undefined);
}

function noAccount(cause: unknown): StoreError {
  return new StoreError(
    `Postgres refuses to run as root, and the account "${NAME}" is missing and could not be made. ` +
      `Start Parley as another user, make the account (useradd --system ${NAME}), or set DATABASE_URL.`,
    { code: "postgres-no-account", category: "configuration", cause },
  );
}

async function lookUp(): Promise<Account | null> {
  // `id` also asks LDAP and the like; the file is for images that have no coreutils.
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", NAME]), run("id", ["-g", NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
    const fields = passwd
      .split("\n")
      .find((line) => line.startsWith(`${NAME}:`))
      ?.split(":");
    return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : null;
  }
}

/** The first folder on the way to `path` that the account may not enter, or null when it can reach it. */
export async function firstClosedFolder(path: string, account: Account): Promise<string | null> {
  const folders: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
  }
  return null;
}
