import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { StoreError } from "../error.ts";
import { type Account, firstClosedFolder } from "./account.ts";

const run = promisify(execFile);

/** How to start a program of Postgres: `command [...prefix, program, ...args]` with these ids. */
export interface Launch {
  prefix: readonly string[];
  ids: { uid?: number; gid?: number };
}

/** Docker's default gives root the second one only. */
const CAPABILITIES = ["dac_read_search", "dac_override"];

/**
 * Below a folder that only root may enter (its home, as a rule) the account reaches neither data nor binaries.
 * Then Postgres runs with one capability more, which lets it pass closed folders; nobody's permissions are changed.
 * Throws StoreError `postgres-folder-closed`.
 */
export async function launchAs(account: Account | null, paths: readonly string[]): Promise<Launch> {
  if (account === null) return { prefix: [], ids: {} };
  const closed = (await Promise.all(paths.map((path) => firstClosedFolder(path, account)))).find(
    (folder) => folder !== null,
  );
  if (closed === undefined) return { prefix: [], ids: { uid: account.uid, gid: account.gid } };

  for (const capability of CAPABILITIES) {
    const prefix = [
      "setpriv",
      `--reuid=${account.uid}`,
      `--regid=${account.gid}`,
      "--clear-groups",
      // Else access(2), by which initdb looks for its programs, ignores the capability.
      "--securebits=+no_setuid_fixup",
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      `--bounding-set=-all,+${capability}`,
      "--",
    ];
    const [command, ...args] = [...prefix, "true"];
    if (await succeeds(command ?? "", args)) return { prefix, ids: {} };
  }
  throw new StoreError(
    `Postgres refuses to run as root, and the account it runs as instead may not enter ${closed}. ` +
      `Move Parley and PARLEY_DATA to a folder that everybody may enter, or open that one (chmod o+x ${closed}), ` +
      "or start Parley as the user it belongs to, or set DATABASE_URL.",
    { code: "postgres-folder-closed", category: "configuration" },
  );
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, [...args], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}
