import { readFileSync, rmSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { StoreError } from "../error.ts";

interface Owner {
  pid: number;
  /** When that process began, so that a later one with the same id is not taken for it. Empty where unknown. */
  began: string;
}

/**
 * Marks a data folder as in use by this process, so that two Parleys never share an embedded Postgres, of which the
 * first to stop would end both. Returns the release. Throws StoreError `data-folder-in-use`.
 */
export async function claimFolder(path: string, folder: string): Promise<() => void> {
  const me: Owner = { pid: process.pid, began: beganAt(process.pid) };
  const text = JSON.stringify(me);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await writeFile(path, text, { flag: "wx", mode: 0o600 });
      return () => {
        if (readOwnerSync(path) === text) rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 2) throw error;
    }
    const owner = parse(await readFile(path, "utf8").catch(() => ""));
    if (owner !== null && lives(owner)) {
      throw new StoreError(
        `The data folder ${folder} is in use by another Parley (process ${owner.pid}). ` +
          "Stop that one, or give this one a folder of its own by PARLEY_DATA.",
        { code: "data-folder-in-use", category: "configuration" },
      );
    }
    // Left by a kill. Of several that see it only one succeeds in moving it away.
    await rename(path, `${path}.${process.pid}`).catch(() => undefined);
    rmSync(`${path}.${process.pid}`, { force: true });
  }
}

function lives(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const began = beganAt(owner.pid);
  return began === "" || owner.began === "" || began === owner.began;
}

/** Field 22 of /proc/pid/stat, proc(5); the name before it may hold spaces and brackets. */
function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function parse(text: string): Owner | null {
  try {
    const value = JSON.parse(text) as Partial<Owner>;
    return Number.isInteger(value.pid) ? { pid: Number(value.pid), began: String(value.began ?? "") } : null;
  } catch {
    return null;
  }
}

function readOwnerSync(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
