import { JobAssignment, JobStatus, JobTermination, WorkerStatus } from "@livekit/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { FakeAgentServer } from "../test/fake-agent-server.ts";
import { backoffMs } from "./backoff.ts";
import type { AssignedJob, JobOffer, OfferAnswer } from "./job.ts";
import { WorkerConnection, type WorkerConnectionOptions, type WorkerState } from "./worker-connection.ts";
import { agentEndpoint } from "./worker-socket.ts";

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const run of cleanup.splice(0).reverse()) await run();
});

const fakeServer = async (verify?: () => boolean) => {
  const server = await FakeAgentServer.start(verify);
  cleanup.push(() => server.close());
  return server;
};

function connect(urls: string[], more: Partial<WorkerConnectionOptions> = {}) {
  const seen = {
    jobs: [] as AssignedJob[],
    lost: [] as string[],
    terminated: [] as string[],
    states: [] as WorkerState[],
    offers: [] as JobOffer[],
  };
  const answer: { value: OfferAnswer } = { value: { accept: true } };
  const connection = new WorkerConnection({
    urls,
    apiKey: "key",
    apiSecret: "s".repeat(32),
    agentName: "shop",
    version: "7",
    onOffer: (offer) => {
      seen.offers.push(offer);
      return answer.value;
    },
    onJob: (job) => seen.jobs.push(job),
    onOfferLost: (offer, reason) => seen.lost.push(`${offer.jobId}: ${reason}`),
    onTermination: (jobId) => seen.terminated.push(jobId),
    onState: (state) => seen.states.push(state),
    ...more,
    timings: { openTimeoutMs: 5000, firstRetryMs: 10, maxRetryMs: 20, closeTimeoutMs: 200, ...more.timings },
  });
  cleanup.push(() => connection.close());
  return { connection, seen, answer };
}

const until = async (condition: () => boolean) => {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe("registering", () => {
  it("says who it is and what its agents may do", async () => {
    const server = await fakeServer();
    const { connection } = connect([server.url]);
    expect(await connection.start()).toEqual({ workerId: "AW_1" });
    expect(await connection.start()).toEqual({ workerId: "AW_1" });
    expect(server.requests[0]?.url).toBe("/agent?protocol=1");
    expect(server.requests[0]?.headers.authorization).toMatch(/^Bearer ey/);
    expect(await server.next("register")).toMatchObject({
      agentName: "shop",
      version: "7",
      pingInterval: 10,
      allowedPermissions: { canPublish: true, canSubscribe: true, canUpdateMetadata: true, agent: true },
    });
    expect(await server.next("updateWorker")).toMatchObject({ status: WorkerStatus.WS_AVAILABLE, load: 0 });
  });

  it("fails for good when the key is refused, and names the settings", async () => {
    const server = await fakeServer(() => false);
    const { connection } = connect([server.url]);
    await expect(connection.start()).rejects.toMatchObject({
      code: "livekit-unauthorised",
      message: expect.stringMatching(/LIVEKIT_API_KEY and LIVEKIT_API_SECRET/),
    });
    expect(connection.state).toBe("closed");
  });

  it("goes on to the next URL when one is down or hangs", async () => {
    const hanging = await fakeServer();
    hanging.registers = false;
    const good = await fakeServer();
    const { connection } = connect(["ws://127.0.0.1:1", hanging.url, good.url], { timings: { openTimeoutMs: 300 } });
    await connection.start();
    expect(good.sockets.length).toBeGreaterThan(0);
    expect(hanging.sockets.length).toBeGreaterThan(0);
  });

  it("comes back to the URL that took it last, and goes on from there when that one is gone", async () => {
    const [late, used] = [await fakeServer(), await fakeServer()];
    late.registers = false;
    const { connection, seen } = connect([late.url, used.url], { timings: { openTimeoutMs: 300 } });
    await connection.start();
    expect(late.sockets).toHaveLength(1);
    late.registers = true;
    used.sockets.at(-1)?.terminate();
    await until(() => used.sockets.length === 2 && connection.state === "registered");
    expect(late.sockets).toHaveLength(1);
    used.registers = false;
    used.sockets.at(-1)?.terminate();
    await until(() => late.sockets.length === 2 && connection.state === "registered");
    expect(seen.states.at(-1)).toBe("registered");
  });

  it("ends a start at once where a key is refused, though there are more URLs", async () => {
    const [refusing, good] = [await fakeServer(() => false), await fakeServer()];
    const { connection } = connect([refusing.url, good.url]);
    await expect(connection.start()).rejects.toMatchObject({ code: "livekit-unauthorised" });
    expect(good.sockets).toHaveLength(0);
  });

  it("ends a start that is closed meanwhile", async () => {
    const { connection } = connect(["ws://127.0.0.1:1"]);
    const started = connection.start();
    await connection.close();
    await expect(started).rejects.toMatchObject({ code: "worker-closed" });
    await expect(connection.start()).rejects.toMatchObject({ code: "worker-closed" });
  });

  it("keeps a path in front of the endpoint", () => {
    expect(agentEndpoint("https://host/livekit/")).toBe("wss://host/livekit/agent?protocol=1");
    expect(agentEndpoint("ws://host:7880")).toBe("ws://host:7880/agent?protocol=1");
  });
});

describe("jobs", () => {
  it("accepts under the identity agent-<jobId> and hands the job over with token and URL", async () => {
    const server = await fakeServer();
    const { connection, seen } = connect([server.url]);
    await connection.start();
    server.offer("AJ_1");
    expect(await server.next("availability")).toMatchObject({
      jobId: "AJ_1",
      available: true,
      participantIdentity: "agent-AJ_1",
    });
    server.send({ case: "assignment", value: new JobAssignment({ job: { id: "AJ_1" }, token: "jwt" }) });
    await until(() => seen.jobs.length === 1);
    expect(seen.jobs[0]).toMatchObject({
      identity: "agent-AJ_1",
      token: "jwt",
      url: server.url,
      job: { jobId: "AJ_1", room: { name: "room" } },
    });
    server.send({ case: "termination", value: new JobTermination({ jobId: "AJ_1" }) });
    await until(() => seen.terminated.length === 1);
    connection.endJob("AJ_1", "failed", "why");
    expect(await server.next("updateJob")).toMatchObject({ jobId: "AJ_1", status: JobStatus.JS_FAILED, error: "why" });
    expect(seen.lost).toEqual([]);
  });

  it("answers two offers in one instant from the state that the first one left", async () => {
    const server = await fakeServer();
    let slots = 1;
    const { connection } = connect([server.url], {
      onOffer: () => (slots-- > 0 ? { accept: true } : { accept: false, reason: "full" }),
    });
    await connection.start();
    server.offer("AJ_1");
    server.offer("AJ_2");
    expect((await server.next("availability")).available).toBe(true);
    expect((await server.next("availability")).available).toBe(false);
  });

  it("refuses when the callback throws, and lives on", async () => {
    const server = await fakeServer();
    const { connection } = connect([server.url], {
      onOffer: () => {
        throw new Error("oops");
      },
    });
    await connection.start();
    server.offer("AJ_1");
    expect(await server.next("availability")).toMatchObject({ available: false });
    expect(connection.state).toBe("registered");
  });

  it("waits for an answer that takes a moment, and refuses when it is none", async () => {
    const server = await fakeServer();
    const answers: PromiseWithResolvers<OfferAnswer>[] = [];
    const { connection, seen } = connect([server.url], {
      onOffer() {
        answers.push(Promise.withResolvers());
        return answers.at(-1)!.promise;
      },
    });
    await connection.start();
    server.offer("AJ_1");
    server.offer("AJ_2");
    await until(() => answers.length === 2);
    answers[1]?.reject(new Error("oops"));
    expect(await server.next("availability")).toMatchObject({ jobId: "AJ_2", available: false });
    answers[0]?.resolve({ accept: true });
    expect(await server.next("availability")).toMatchObject({ jobId: "AJ_1", available: true });
    server.send({ case: "assignment", value: new JobAssignment({ job: { id: "AJ_1" }, token: "jwt" }) });
    await until(() => seen.jobs.length === 1);
  });

  it("gives back at once what is accepted after its connection was lost", async () => {
    const server = await fakeServer();
    const answer = Promise.withResolvers<OfferAnswer>();
    let offers = 0;
    const { connection, seen } = connect([server.url], {
      onOffer() {
        offers += 1;
        return answer.promise;
      },
    });
    await connection.start();
    server.offer("AJ_1");
    await until(() => offers === 1);
    server.sockets[0]?.terminate();
    await until(() => connection.workerId === "AW_2");
    answer.resolve({ accept: true });
    await until(() => seen.lost.length === 1);
    expect(seen.lost[0]).toMatch(/^AJ_1: .*lost/);
    expect(server.received.filter(({ case: what }) => what === "availability")).toEqual([]);
  });

  it("gives the slot back when no assignment comes, and fails one that comes too late", async () => {
    const server = await fakeServer();
    const { connection, seen } = connect([server.url], { timings: { assignmentTimeoutMs: 30 } });
    await connection.start();
    server.offer("AJ_1");
    await until(() => seen.lost.length === 1);
    expect(seen.lost[0]).toMatch(/^AJ_1: .*30 ms/);
    server.send({ case: "assignment", value: new JobAssignment({ job: { id: "AJ_1" }, token: "jwt" }) });
    expect(await server.next("updateJob")).toMatchObject({ jobId: "AJ_1", status: JobStatus.JS_FAILED });
    expect(seen.jobs).toEqual([]);
  });

  it("gives the slot back when the connection is lost before the assignment", async () => {
    const server = await fakeServer();
    const { connection, seen } = connect([server.url]);
    await connection.start();
    server.offer("AJ_1");
    await server.next("availability");
    server.sockets[0]?.terminate();
    await until(() => seen.lost.length === 1);
  });

  it("takes nothing more once it drains", async () => {
    const server = await fakeServer();
    const { connection, seen } = connect([server.url]);
    await connection.start();
    await server.next("updateWorker");
    connection.updateLoad(0.4, 3);
    expect(await server.next("updateWorker")).toMatchObject({ jobCount: 3 });
    connection.drain();
    expect(await server.next("updateWorker")).toMatchObject({ status: WorkerStatus.WS_FULL, load: 1, jobCount: 3 });
    server.offer("AJ_1");
    expect((await server.next("availability")).available).toBe(false);
    expect(seen.offers).toEqual([]);
  });
});

describe("a lost connection", () => {
  it("is taken up again, with the last load", async () => {
    const server = await fakeServer();
    const { connection, seen } = connect([server.url]);
    await connection.start();
    await server.next("register");
    connection.updateLoad(0.5, 2);
    server.sockets[0]?.close();
    await server.next("register");
    await until(() => connection.workerId === "AW_2");
    await until(() => server.received.filter((m) => m.case === "updateWorker").length === 3);
    expect(server.received.at(-1)?.value).toMatchObject({ load: 0.5, jobCount: 2 });
    expect(seen.states).toEqual(["registered", "reconnecting", "registered"]);
  });

  it("is noticed when the other side is dead behind an open socket", async () => {
    const server = await fakeServer();
    server.pongs = false;
    const { connection } = connect([server.url], { timings: { pingMs: 20, deadAfterMs: 70 } });
    await connection.start();
    await until(() => connection.workerId === "AW_2");
  });

  it("is not imagined when pings are answered", async () => {
    const server = await fakeServer();
    const { connection } = connect([server.url], { timings: { pingMs: 10, deadAfterMs: 1000 } });
    await connection.start();
    for (let i = 0; i < 120; i++) await server.next("ping");
    expect(server.sockets).toHaveLength(1);
  });

  it("survives garbage", async () => {
    const server = await fakeServer();
    const { connection } = connect([server.url]);
    await connection.start();
    server.sockets[0]?.send(Buffer.from([0xff, 0xff, 0xff]));
    server.sockets[0]?.send("text");
    server.offer("AJ_1");
    expect((await server.next("availability")).available).toBe(true);
  });

  it("closes within its time-out against a server that does not close", async () => {
    const server = await fakeServer();
    const { connection } = connect([server.url], { timings: { closeTimeoutMs: 50 } });
    await connection.start();
    server.sockets[0]?.pause();
    await Promise.all([connection.close(), connection.close()]);
    expect(connection.state).toBe("closed");
  });
});

it("backs off to its limit, with jitter of at most a half", () => {
  const options = { firstMs: 500, maxMs: 10_000 };
  expect([0, 1, 2, 10, 1000].map((n) => backoffMs(n, { ...options, random: () => 0 }))).toEqual([
    500, 1000, 2000, 10_000, 10_000,
  ]);
  expect(backoffMs(1, { ...options, random: () => 1 })).toBe(500);
});
