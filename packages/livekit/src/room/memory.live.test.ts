import { fork } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { closedAfterEach, sharedServer } from "../test/parties.ts";

const server = sharedServer();
const onEnd = closedAfterEach();
/** Freed memory finds its shape in the first of them. */
const WARM = 100;
const MORE = 100;

/** Where the native library lets go of rooms: docs/decisions/011. */
const mended = process.platform === "linux" && process.arch === "x64";

it.runIf(mended)(
  "a room that was left is not kept by the native library",
  async () => {
    // In a process of its own, whose memory nobody else changes; with two heaps, as a worker's shards.
    const child = fork(new URL("../test/joins.ts", import.meta.url), [server.url, String(WARM), String(MORE)], {
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
      env: { ...process.env, MALLOC_ARENA_MAX: "2" },
    });
    onEnd(() => child.kill("SIGKILL"));
    const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`the program ended with ${code}`)));
    const [{ grownKiB }] = (await Promise.race([once(child, "message"), ended])) as [{ grownKiB: number }];
    ended.catch(() => {});
    // Measured: 18 KiB a room; 436 with a library (0.12.73) that keeps every room.
    expect(grownKiB / MORE).toBeLessThan(150);
  },
  180_000,
);
