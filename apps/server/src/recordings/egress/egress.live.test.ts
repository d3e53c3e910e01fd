import { randomUUID } from "node:crypto";
import { ParleyError, systemClock } from "@parley/engine";
import type { EgressApi, EgressState, EgressTarget } from "@parley/livekit";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { testPlatform } from "../../test/platform.ts";
import { recordByEgress } from "./egress.ts";
import { watchRecorded } from "./watch.ts";

const platform = testPlatform();
const STARTED_MS = Date.now();

/** Egress as LiveKit's API shows it; no egress runs here. Files come when a test says so. */
function fakeEgress() {
  const made = new Map<string, EgressState & { target: EgressTarget }>();
  const fake = {
    made,
    failure: null as Error | null,
    api: {
      async start(room, target) {
        if (fake.failure) throw fake.failure;
        const state = {
          egressId: `EG_${randomUUID()}`,
          room,
          status: "active" as const,
          error: "",
          file: null,
          target,
        };
        made.set(state.egressId, state);
        return state;
      },
      async stop(egressId) {
        made.set(egressId, { ...made.get(egressId)!, status: "ending" });
      },
      list: async (room) => [...made.values()].filter((state) => state.room === room),
    } satisfies EgressApi,
    /** Its file is written, and it has ended. */
    async ended(egressId: string, object: string): Promise<EgressState> {
      await platform.recordings.put(object, Buffer.from("sound"));
      const { target } = made.get(egressId)!;
      const file = { path: target.path, startedAt: STARTED_MS + 1_500, durationMs: 3_000, bytes: 5 };
      const state = { ...made.get(egressId)!, status: "complete" as const, file };
      made.set(egressId, state);
      return state;
    },
  };
  return fake;
}

function recorder(egress: ReturnType<typeof fakeEgress>) {
  const made = recordByEgress({
    ...{ store: platform.store, storage: platform.recordings, egress: egress.api, log: pino({ level: "silent" }) },
    ...{ place: { kind: "folder", path: "/shared" }, seen() {} },
    clock: { ...systemClock, after: () => () => undefined },
  });
  onTestFinished(made.close);
  return made;
}

async function call(changed?: (callId: string) => void) {
  const callId = randomUUID();
  const facts =
    changed === undefined ? platform.store.facts : watchRecorded({ ...platform.store.facts, read: never }, changed);
  let seq = 0;
  const say = async (...bodies: object[]) => {
    const batch = bodies.map((body) => ({ callId, epoch: 1, seq: ++seq, at: seq * 100, version: 1, ...body }));
    await facts.appendBatch({ callId, epoch: 1, facts: batch as never });
  };
  await say(callStarted({ room: `room-${callId}`, wallMs: STARTED_MS }));
  const turn = (to: string) => say({ type: "recording-changed", to, because: "requested", by: null });
  return { callId, turn, end: () => say({ type: "call-closed", reason: "hung-up" }) };
}
const never = () => Promise.reject(new Error("not here"));
const rowsOf = (callId: string) => platform.store.recordings.ofCall(callId);
const row = (callId: string, expected: object) =>
  vi.waitFor(async () => {
    const [first] = await rowsOf(callId);
    expect(first).toMatchObject(expected);
    return first!;
  });

test("a call is recorded as its log says, and its file is a recording of it", async () => {
  const egress = fakeEgress();
  const recording = recorder(egress);
  const { callId, turn, end } = await call(recording.changed);
  await turn("asking");
  expect(egress.made.size).toBe(0);
  await turn("on");
  const { egressId, object } = await row(callId, { madeBy: "egress", egressId: expect.any(String) });
  expect(egress.made.get(egressId!)).toMatchObject({ room: `room-${callId}`, target: { path: `/shared/${object}` } });
  await turn("on");
  await end();
  await vi.waitFor(() => expect(egress.made.get(egressId!)?.status).toBe("ending"));
  const told = await egress.ended(egressId!, object!);
  recording.told(told);
  recording.told(told);
  await row(callId, { status: "ready", startMs: 1_500, durationMs: 3_000, bytes: 5 });
  expect(egress.made.size).toBe(1);
});

test("a pause ends one file, and going on begins another", async () => {
  const egress = fakeEgress();
  const recording = recorder(egress);
  const { callId, turn } = await call(recording.changed);
  await turn("on");
  const first = await row(callId, { egressId: expect.any(String) });
  await turn("paused");
  await vi.waitFor(() => expect(egress.made.get(first.egressId!)?.status).toBe("ending"));
  await turn("on");
  await vi.waitFor(() => expect(egress.made.size).toBe(2));
  recording.told(await egress.ended(first.egressId!, first.object!));
  await vi.waitFor(async () =>
    expect((await rowsOf(callId)).map(({ status }) => status)).toEqual(["ready", "receiving"]),
  );
});

test("what was missed is put right: a webhook, an answer, and the process that was to ask", async () => {
  const egress = fakeEgress();
  const { callId, turn, end } = await call();
  await turn("on");
  const replicas = [recorder(egress), recorder(egress), recorder(egress)];
  await Promise.all(replicas.map((replica) => replica.lookAtAll()));
  expect(egress.made.size).toBe(1);
  const { egressId, object } = await row(callId, { egressId: expect.any(String) });
  await end();
  await replicas[0]!.lookAtAll();
  expect(egress.made.get(egressId!)?.status).toBe("ending");
  await egress.ended(egressId!, object!);
  await Promise.all(replicas.map((replica) => replica.lookAtAll()));
  await row(callId, { status: "ready" });
  const events = await platform.store.recordings.ofCall(callId);
  expect(events).toHaveLength(1);
});

test("an Egress that is not there, or whose file is not, leaves a recording that says why; the call goes on", async () => {
  const egress = fakeEgress();
  const recording = recorder(egress);
  egress.failure = new ParleyError("no egress service is there", {
    code: "livekit-request-failed",
    category: "provider",
  });
  const none = await call(recording.changed);
  await none.turn("on");
  await row(none.callId, { status: "failed", error: "no egress service is there" });
  await recording.lookAtAll();
  // It is not asked again at once.
  expect(await rowsOf(none.callId)).toHaveLength(1);
  egress.failure = null;
  const lost = await call(recording.changed);
  await lost.turn("on");
  const { egressId, object } = await row(lost.callId, { egressId: expect.any(String) });
  const state = await egress.ended(egressId!, object!);
  await platform.recordings.delete(object!);
  recording.told(state);
  await row(lost.callId, { status: "failed", error: expect.stringContaining("/shared/") });
});
