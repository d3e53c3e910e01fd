import { expect, it } from "vitest";
import type { SimulatedCaller } from "../caller/simulated-caller.ts";
import { roomApi } from "../control/room-api.ts";
import { LiveKitTransport } from "../room/livekit-transport.ts";
import { liveServer } from "../test/live-server.ts";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { RecordingSink } from "../test/recording-sink.ts";
import { roomConfigFor } from "../token/room-config.ts";
import { formatRoomMetadata, parseRoomMetadata } from "../token/room-metadata.ts";
import type { AssignedJob } from "./job.ts";
import { WorkerConnection, type WorkerConnectionOptions } from "./worker-connection.ts";

const server = sharedServer({ departureTimeoutS: 2 });
const onEnd = closedAfterEach();
const { callerIn } = parties(onEnd);

async function until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function worker(agentName: string, more: Partial<WorkerConnectionOptions> = {}) {
  const seen = { jobs: [] as AssignedJob[], terminated: [] as string[], lost: [] as string[] };
  const connection = new WorkerConnection({
    urls: [server.url],
    ...keys,
    agentName,
    onOffer: () => ({ accept: true, name: "Shop", attributes: { mood: "good" } }),
    onJob: (job) => seen.jobs.push(job),
    onOfferLost: (offer) => seen.lost.push(offer.jobId),
    onTermination: (jobId) => seen.terminated.push(jobId),
    ...more,
  });
  onEnd(() => connection.close());
  await connection.start();
  return { connection, seen };
}

async function callerFor(agentName: string, room: string): Promise<SimulatedCaller> {
  const roomConfig = roomConfigFor(
    [{ agentName, metadata: "from the token" }],
    formatRoomMetadata({ callId: "c1", language: "de" }),
  );
  return callerIn(server.url, room, { roomConfig });
}

it("takes the job of a caller's token, joins with its token, and hears of the end", async () => {
  const { connection, seen } = await worker("shop");
  const caller = await callerFor("shop", "w1");
  await until(() => seen.jobs.length === 1);
  const { job, token, url, identity } = seen.jobs[0]!;
  expect(job).toMatchObject({ agentName: "shop", metadata: "from the token", room: { name: "w1" } });
  expect(parseRoomMetadata(job.room.metadata)).toMatchObject({ callId: "c1", language: "de", tenantId: null });
  expect(identity).toBe(`agent-${job.jobId}`);

  const transport = new LiveKitTransport({ url, token });
  onEnd(() => transport.close("test over"));
  const sink = new RecordingSink();
  await transport.open(sink, new AbortController().signal);
  expect(transport.room).toMatchObject({ name: "w1", identity });
  await sink.sees("listenerReady", "ann");
  // The job's token lets the agent say its state and be seen as an agent.
  transport.text.state("listening");
  await caller.until(() => caller.agentState === "listening", 5000);
  expect(caller.agents).toEqual([identity]);
  expect(caller.room.remoteParticipants.get(identity)?.name).toBe("Shop");
  expect(caller.room.remoteParticipants.get(identity)?.attributes.mood).toBe("good");

  await transport.close("done");
  connection.endJob(job.jobId, "success");
  await caller.until(() => caller.agents.length === 0, 5000);
});

it("is told that a job is over when its agent is put out of the room", async () => {
  const { seen } = await worker("terminated");
  await callerFor("terminated", "w2");
  await until(() => seen.jobs.length === 1);
  const { job, token, url, identity } = seen.jobs[0]!;
  const transport = new LiveKitTransport({ url, token });
  onEnd(() => transport.close("test over"));
  const sink = new RecordingSink();
  await transport.open(sink, new AbortController().signal);
  // The server knows which participant is whose job only once its 5 s search for workers is over (CheckEnabledTimeout).
  await new Promise((resolve) => setTimeout(resolve, 6000));
  await roomApi({ url: server.url, ...keys }).removeParticipant("w2", identity);
  await sink.sees("closed", "removed");
  await until(() => seen.terminated.includes(job.jobId));
});

it("takes explicit dispatches, and none once it drains", async () => {
  const api = roomApi({ url: server.url, ...keys });
  const { connection, seen } = await worker("drained");
  await api.createDispatch("w3", "drained", '{"callId":"c3"}');
  await until(() => seen.jobs.length === 1);
  expect(parseRoomMetadata(seen.jobs[0]!.job.metadata).callId).toBe("c3");
  connection.drain();
  const other = await worker("drained");
  for (let i = 0; i < 5; i++) await api.createDispatch(`w4-${i}`, "drained");
  await until(() => other.seen.jobs.length === 5);
  expect(seen.jobs).toHaveLength(1);
});

it("is offered nothing while its load is at the server's limit", async () => {
  const api = roomApi({ url: server.url, ...keys });
  const full = await worker("loaded");
  full.connection.updateLoad(1, 10);
  const free = await worker("loaded");
  for (let i = 0; i < 5; i++) await api.createDispatch(`w5-${i}`, "loaded");
  await until(() => free.seen.jobs.length === 5);
  expect(full.seen.jobs).toEqual([]);
});

it("refuses a wrong secret for good, with what to check", async () => {
  await expect(worker("x", { apiSecret: "wrong-secret-of-at-least-32-characters" })).rejects.toMatchObject({
    code: "livekit-unauthorised",
    message: expect.stringContaining("LIVEKIT_API_SECRET"),
  });
});

it("registers again after a restart of the server, and takes jobs again", async () => {
  const own = await liveServer();
  onEnd(() => own.remove());
  const { connection, seen } = await worker("again", { urls: [own.url] });
  const first = connection.workerId;
  process.kill(own.pid, "SIGKILL");
  await until(() => connection.state === "reconnecting");
  const back = await liveServer({ dataDir: own.dataDir, port: own.port });
  onEnd(() => back.remove());
  await until(() => connection.state === "registered");
  expect(connection.workerId).not.toBe(first);
  await roomApi({ url: back.url, ...keys }).createDispatch("w6", "again");
  await until(() => seen.jobs.length === 1);
});
