import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StoreError } from "../error.ts";
import { type StoreLog, silentLog } from "../log.ts";
import { accountForPostgres } from "./account.ts";
import { findBinaries, mustBeReadable } from "./binaries.ts";
import { DATABASE, ensureCluster, layout, makeFolder, SUPERUSER } from "./cluster.ts";
import { canLogIn, ensureDatabase, HOST } from "./connect.ts";
import { launchAs } from "./launch.ts";
import { claimFolder } from "./owner.ts";
import { endPostgres, isPostgresOf, readPostmaster } from "./postmaster.ts";
import { type Running, startAnew } from "./server.ts";

export interface EmbeddedPostgresOptions {
  /** A folder of its own, made when missing. Holds the cluster, its password (mode 600) and its log. */
  dataDir: string;
  /** 0 or left out: a free one. */
  port?: number;
  log?: StoreLog;
}

export interface EmbeddedPostgres {
  /** For `openStore`. Holds the password: not for logs. */
  url: string;
  port: number;
  pid: number;
  /** True: a Postgres that a killed Parley left behind in this folder was taken over. */
  adopted: boolean;
  /** Idempotent. Ends within 13 s, whatever Postgres does. */
  stop(): Promise<void>;
}

/**
 * Starts the Postgres that npm installed, on loopback only. Throws StoreError.
 * A server left behind by a kill is adopted when it answers, else ended and started anew.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const log = options.log ?? silentLog;
  const [binaries, account] = await Promise.all([findBinaries(), accountForPostgres(log)]);
  const files = layout(dataDir);
  await makeFolder(dataDir, account);
  const release = await claimFolder(files.owner, dataDir);
  try {
    const launch = await launchAs(account, [...mustBeReadable(binaries), files.cluster]);
    const password = await ensureCluster(dataDir, binaries, account, launch);
    const running =
      (await adopt(files.cluster, password, options.port ?? 0, log)) ??
      (await startAnew(binaries.postgres, launch, dataDir, password, options.port ?? 0, log));
    await ensureDatabase(running.port, password);
    return handle(files.cluster, running, password, release, log);
  } catch (error) {
    release();
    throw error;
  }
}

function handle(
  cluster: string,
  running: Running,
  password: string,
  release: () => void,
  log: StoreLog,
): EmbeddedPostgres {
  // A process that ends without stop() still asks Postgres to end; only a kill leaves it behind.
  const onExit = () => {
    try {
      process.kill(running.pid, "SIGINT");
    } catch {
      // already gone
    }
    release();
  };
  process.once("exit", onExit);
  let stopping: Promise<void> | undefined;
  return {
    url: `postgres://${SUPERUSER}:${password}@${HOST}:${running.port}/${DATABASE}`,
    ...running,
    stop() {
      stopping ??= endPostgres(cluster, running.pid).then((ended) => {
        process.removeListener("exit", onExit);
        release();
        if (!ended)
          log.error({ pid: running.pid }, "the embedded Postgres did not end; the next start takes care of it");
      });
      return stopping;
    },
  };
}

/** Takes over a living server of this folder, or clears the way for a new one. */
async function adopt(cluster: string, password: string, port: number, log: StoreLog): Promise<Running | null> {
  const left = await readPostmaster(cluster);
  // A file without an id is what a server leaves that was killed while it wrote it.
  if (left === null || !(await isPostgresOf(cluster, left.pid))) {
    await forget(cluster);
    return null;
  }
  const answers =
    left.status === "ready" && (port === 0 || port === left.port) && (await canLogIn(left.port, password));
  if (answers) {
    log.info(
      { pid: left.pid, port: left.port },
      "took over the embedded Postgres that a killed Parley had left behind",
    );
    return { pid: left.pid, port: left.port, adopted: true };
  }
  log.warn({ pid: left.pid }, "ending an embedded Postgres that was left behind and does not answer");
  if (await endPostgres(cluster, left.pid, { answers: false })) {
    await forget(cluster);
    return null;
  }
  throw new StoreError(`A Postgres (process ${left.pid}) holds ${cluster} and cannot be ended. End it by hand.`, {
    code: "postgres-orphan",
    category: "internal",
  });
}

/** Postgres refuses to start while any process has the id in this file, even a stranger or one that has ended. */
function forget(cluster: string): Promise<void> {
  return rm(join(cluster, "postmaster.pid"), { force: true });
}
