import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "../error.ts";
import type { StoreLog } from "../log.ts";
import { layout } from "./cluster.ts";
import { canLogIn, HOST } from "./connect.ts";
import type { Launch } from "./launch.ts";
import { endPostgres, isAlive, readPostmaster } from "./postmaster.ts";

/** Recovery after a crash may take its time; a start that is still not done by then is not going to be. */
const READY_MS = 60_000;
const LOG_LIMIT_BYTES = 4 * 1024 * 1024;

export interface Running {
  pid: number;
  port: number;
  adopted: boolean;
}

/** Starts a server on the cluster and waits until it takes connections. Throws StoreError. */
export async function startAnew(
  postgres: string,
  launch: Launch,
  dataDir: string,
  password: string,
  wantedPort: number,
  log: StoreLog,
): Promise<Running> {
  const files = layout(dataDir);
  const deadline = Date.now() + READY_MS;
  for (let attempt = 1; ; attempt += 1) {
    const port = wantedPort === 0 ? await freePort() : wantedPort;
    const failure = await attemptStart(postgres, launch, files, port, password, deadline);
    if (typeof failure === "number") return { pid: failure, port, adopted: false };
    const portTaken = /could not bind|Address already in use/i.test(failure);
    // The children of a killed server let go of its memory in a moment; one that syncs the folder, when that is done.
    const memoryHeld = /pre-existing shared memory block/i.test(failure);
    if (Date.now() < deadline && (memoryHeld || (portTaken && wantedPort === 0 && attempt < 20))) {
      log.debug({ attempt }, "the embedded Postgres is tried again");
      await sleep(memoryHeld ? 250 : 10);
      continue;
    }
    if (portTaken) {
      throw new StoreError(`Port ${port} is in use, so the embedded Postgres cannot listen on it.`, {
        code: "postgres-port-in-use",
        category: "configuration",
      });
    }
    throw new StoreError(`The embedded Postgres in ${dataDir} did not start: ${failure} (its log: ${files.log})`, {
      code: "postgres-start-failed",
      category: "internal",
    });
  }
}

/** The process id when it is up, else what Postgres said. */
async function attemptStart(
  postgres: string,
  launch: Launch,
  files: ReturnType<typeof layout>,
  port: number,
  password: string,
  deadline: number,
): Promise<number | string> {
  const size = await stat(files.log).then(
    (info) => info.size,
    () => 0,
  );
  const output = await open(files.log, size > LOG_LIMIT_BYTES ? "w" : "a", 0o600);
  const from = size > LOG_LIMIT_BYTES ? 0 : size;
  let child: ChildProcess;
  let ended = false;
  try {
    const settings = {
      listen_addresses: HOST,
      // No socket: its path could be too long, and loopback with a password is enough.
      unix_socket_directories: "",
      log_min_messages: "warning",
      timezone: "UTC",
      log_timezone: "UTC",
      jit: "off",
    };
    const args = [
      "-D",
      files.cluster,
      "-p",
      String(port),
      ...Object.entries(settings).flatMap(([k, v]) => ["-c", `${k}=${v}`]),
    ];
    const [command = postgres, ...rest] = [...launch.prefix, postgres, ...args];
    child = spawn(command, rest, {
      ...launch.ids,
      cwd: "/",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", output.fd, output.fd],
      // Its own process group: Ctrl-C in the terminal is for us, who end Postgres last.
      detached: true,
    });
    child.once("exit", () => {
      ended = true;
    });
    child.once("error", () => {
      ended = true;
    });
    child.unref();
  } finally {
    await output.close();
  }
  while (Date.now() < deadline && !ended) {
    const state = await readPostmaster(files.cluster);
    if (state !== null && state.pid === child.pid && state.status === "ready" && (await canLogIn(port, password))) {
      return state.pid;
    }
    await sleep(15);
  }
  if (child.pid !== undefined && isAlive(child.pid) && !ended) await endPostgres(files.cluster, child.pid);
  const said = (await readFile(files.log, "utf8").catch(() => "")).slice(from).trim();
  return said.split("\n").slice(-5).join(" ") || `no answer within ${READY_MS} ms`;
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}
