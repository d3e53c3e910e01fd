import { AgentDispatchClient } from "livekit-server-sdk";
import { expect, it } from "vitest";
import { WorkerConnection } from "../protocol/worker-connection.ts";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { mintAgentToken } from "../token/agent-token.ts";
import { dispatchAgain } from "./dispatch-again.ts";
import { roomApi } from "./room-api.ts";

const server = sharedServer();
const onEnd = closedAfterEach();
const { callerIn } = parties(onEnd);

/** A worker that answers offers one after another as it is told, and notes of what they were. */
async function worker(agentName: string, answers: boolean[]) {
  const offers: { dispatchId: string; metadata: string }[] = [];
  const jobs: string[] = [];
  const connection = new WorkerConnection({
    urls: [server.url],
    ...keys,
    agentName,
    onOffer({ dispatchId, metadata }) {
      offers.push({ dispatchId, metadata });
      return answers.shift() ? { accept: true } : { accept: false, reason: "starting" };
    },
    onJob: ({ job }) => void jobs.push(job.dispatchId),
    onOfferLost: () => {},
    onTermination: () => {},
  });
  onEnd(() => connection.close());
  await connection.start();
  return { offers, jobs };
}

const there = () => ({ url: server.url, ...keys });
/** Those of a name: each room has one for agents without, too. */
const dispatches = async (room: string, of: string) => {
  const client = new AgentDispatchClient(server.url.replace(/^ws/, "http"), keys.apiKey, keys.apiSecret);
  return (await client.listDispatch(room)).filter(({ agentName }) => agentName === of);
};

it("brings a call once more that was refused, as it was asked for, and once only", async () => {
  const { offers, jobs } = await worker("shop", [false, true]);
  const { dispatchId } = await roomApi(there()).createDispatch("r1", "shop", "about shoes");
  await expect.poll(() => offers.length, { timeout: 5_000 }).toBe(1);
  expect(await dispatchAgain(there(), { room: "r1", dispatchId })).toBe(true);
  await expect.poll(() => jobs.length, { timeout: 5_000 }).toBe(1);
  expect(offers.map(({ metadata }) => metadata)).toEqual(["about shoes", "about shoes"]);
  expect((await dispatches("r1", "shop")).map(({ id }) => id)).toEqual(jobs);
  expect(await dispatchAgain(there(), { room: "r1", dispatchId })).toBe(false);
});

it("does so where every room gets an agent", async () => {
  const { offers, jobs } = await worker("", [false, true]);
  await roomApi(there()).createRoom({ name: "r2" });
  await expect.poll(() => offers.length, { timeout: 5_000 }).toBe(1);
  expect(await dispatchAgain(there(), { room: "r2", dispatchId: offers[0]!.dispatchId })).toBe(true);
  await expect.poll(() => jobs.length, { timeout: 5_000 }).toBe(1);
});

it("brings nobody where somebody came, and makes no room that is gone", async () => {
  const { offers, jobs } = await worker("store", [true]);
  const { dispatchId } = await roomApi(there()).createDispatch("r3", "store");
  await expect.poll(() => jobs.length, { timeout: 5_000 }).toBe(1);
  await expect.poll(async () => (await dispatches("r3", "store"))[0]?.state?.jobs.length, { timeout: 7_000 }).toBe(1);
  expect(await dispatchAgain(there(), { room: "r3", dispatchId })).toBe(false);
  await roomApi(there()).deleteRoom("r3");
  expect(await dispatchAgain(there(), { room: "r3", dispatchId })).toBe(false);
  expect((await roomApi(there()).listRooms()).map(({ name }) => name)).not.toContain("r3");
  expect(offers).toHaveLength(1);
});

it("brings nobody where an agent of that name is, though LiveKit does not show its job yet", async () => {
  const { offers } = await worker("bar", [false]);
  const { dispatchId } = await roomApi(there()).createDispatch("r4", "bar");
  await expect.poll(() => offers.length, { timeout: 5_000 }).toBe(1);
  const attributes = { "lk.agent_name": "bar" };
  const token = await mintAgentToken({ ...keys, room: "r4", identity: "agent-x", attributes });
  await callerIn(server.url, "r4", { token });
  expect(await dispatchAgain(there(), { room: "r4", dispatchId })).toBe(false);
});
