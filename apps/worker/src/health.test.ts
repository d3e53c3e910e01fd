import { afterEach, describe, expect, it } from "vitest";
import { type Health, openHealth, type WorkerHealth } from "./health.ts";

const state: WorkerHealth = {
  ready: true,
  reason: null,
  registered: true,
  draining: false,
  slots: { taken: 1, cap: 4 },
  joining: 0,
  running: null,
  calls: 1,
  load: 0.1,
  resources: { Timeout: 2 },
  shards: [
    {
      shardId: 1,
      pid: 9,
      state: "ready",
      calls: 1,
      loopDelayP50Ms: 1,
      loopDelayP99Ms: 12,
      loopBusy: 0.2,
      cpuCores: 0.1,
      rssBytes: 1,
      resources: { Timeout: 3 },
    },
  ],
};

const open: Health[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((health) => health.close()));
});
async function health(look: () => WorkerHealth, port: number | null = 0) {
  const opened = await openHealth(port, look);
  open.push(opened);
  return opened;
}

describe("the worker's health", () => {
  it("answers with slots, calls and shards; readyz follows readiness, healthz does not", async () => {
    let now = state;
    const { port } = await health(() => now);
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect(await get("/readyz")).toMatchObject({ status: 200, body: { slots: { taken: 1, cap: 4 }, calls: 1 } });
    now = { ...state, ready: false, reason: "draining" };
    expect(await get("/readyz")).toMatchObject({ status: 503, body: { reason: "draining" } });
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/other")).status).toBe(404);
  });

  it("takes another port when the usual one is in use and none was wished for", async () => {
    const [first, second] = [await health(() => state, null), await health(() => state, null)];
    expect(second.port).not.toBe(first.port);
    expect((await fetch(`http://127.0.0.1:${second.port}/readyz`)).status).toBe(200);
  });

  it("names PARLEY_WORKER_PORT when the port is taken", async () => {
    const { port } = await health(() => state);
    await expect(openHealth(port, () => state)).rejects.toMatchObject({
      code: "port-taken",
      category: "configuration",
      message: expect.stringContaining(`PARLEY_WORKER_PORT=${port}`),
    });
  });
});
