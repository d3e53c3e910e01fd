import { decodeWav } from "@parley/audio";
import { type NextAgent, ParleyError, type RemoteControl, type SpokenTurn, type TurnAnswer } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { createLog } from "../log.ts";
import type { CallAssignment, FromShard } from "../messages.ts";
import { createCalls, type RunningCall } from "./calls.ts";
import type { Parcels } from "./parcels.ts";
import { callScope } from "./stray.ts";

const silent = createLog("test", "silent");
const settle = () => new Promise((resolve) => setImmediate(resolve));
const job = (n: number) => ({ jobId: `job-${n}`, callId: `call-${n}` }) as CallAssignment;

class FakeCall implements RunningCall {
  readonly joined = Promise.withResolvers<void>();
  readonly over = Promise.withResolvers<{ reason: string }>();
  readonly done = this.over.promise;
  starting = false;
  scope: string | undefined;
  readonly told: string[] = [];
  readonly control = { agent: "shop" };

  start(): Promise<void> {
    this.starting = true;
    this.scope = callScope.getStore()?.callId;
    return this.joined.promise;
  }

  close(reason: string): void {
    this.joined.resolve();
    this.over.resolve({ reason });
  }

  abandon(): void {
    this.close("taken-over");
  }

  async release(): Promise<void> {
    this.told.push("release");
  }

  async hear({ participantId, samples }: SpokenTurn): Promise<TurnAnswer> {
    if (samples.length === 0) throw new ParleyError("busy", { code: "turn-in-progress", category: "refused" });
    this.told.push(`hear ${samples} of ${participantId}`);
    return {
      transcript: "Hello?",
      outcome: "replied",
      replyText: "Hello.",
      intent: null,
      samples: Int16Array.of(7),
      sampleRateHz: 24_000,
    };
  }

  changeAgent({ agentId }: NextAgent): void {
    this.told.push(`change to ${agentId}`);
  }

  readonly remote: RemoteControl = {
    say: (text, { by }) => void this.told.push(`say ${text} by ${by}`),
    interrupt: () => this.told.push("interrupt") > 9,
    mute: (muted) => void this.told.push(`mute ${muted}`),
    setLanguage(language) {
      throw new ParleyError(`not ${language}`, { code: "language-unsupported", category: "refused" });
    },
    record: (action) => (action === "pause" ? "paused" : "on"),
  };
}

const noInterims = { watch() {} };
const changeAgent = () => Promise.reject(new Error("none"));
const noParcels: Parcels = {
  fetch: () => Promise.reject(new Error("none")),
  bring: () => Promise.reject(new Error("none")),
};

function setUp({ breakOn = "", parcels = noParcels } = {}) {
  const opened = new Map<string, FakeCall>();
  const told: FromShard[] = [];
  const calls = createCalls({
    open({ jobId }) {
      if (jobId === breakOn) throw new Error("cannot open");
      const call = new FakeCall();
      opened.set(jobId, call);
      return call;
    },
    tell: (message) => told.push(message),
    interims: noInterims,
    log: createLog("test", "silent"),
    parcels,
    changeAgent: async (call, _assignment, { agentId }) => call.changeAgent({ agentId } as NextAgent),
  });
  return { calls, opened, told, call: (n: number) => opened.get(`job-${n}`)! };
}

describe("the calls of a shard", () => {
  it("tells how a call ended, and runs it in its own scope", async () => {
    const { calls, told, call } = setUp();
    const over = calls.run(job(1));
    expect(call(1).scope).toBe("call-1");
    call(1).joined.resolve();
    await settle();
    expect(told.splice(0)).toEqual([{ type: "call-joined", jobId: "job-1" }]);
    call(1).over.resolve({ reason: "participant-left" });
    await over;
    expect(told[0]).toEqual({ type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    expect(calls.count).toBe(0);
  });

  it("keeps one call's failure away from the others, wherever it fails", async () => {
    const { calls, told, call } = setUp({ breakOn: "job-1" });
    for (const n of [1, 2, 3, 4]) void calls.run(job(n));
    call(2).joined.reject(new Error("no room"));
    call(3).joined.resolve();
    call(3).over.reject(new Error("broke"));
    call(4).joined.resolve();
    await settle();
    const ended = told.filter((message) => message.type === "call-ended");
    expect(ended.map(({ jobId, error }) => `${jobId} ${error}`).sort()).toEqual([
      "job-1 cannot open",
      "job-2 no room",
      "job-3 broke",
    ]);
    expect(calls.count).toBe(1);
  });

  it("ends one call when it is told to, also while it is joining", async () => {
    const { calls, told, call } = setUp();
    for (const n of [1, 2]) void calls.run(job(n));
    call(1).joined.resolve();
    await settle();
    calls.end("job-2", "job-terminated");
    calls.end("job-7", "nobody has it");
    await settle();
    expect(told.filter(({ type }) => type === "call-ended")).toEqual([
      { type: "call-ended", jobId: "job-2", reason: "job-terminated", error: null },
    ]);
    expect(calls.count).toBe(1);
  });

  it("ends them all with one reason", async () => {
    const { calls, told, call } = setUp();
    for (const n of [1, 2]) void calls.run(job(n));
    call(1).joined.resolve();
    await settle();
    await calls.endAll("worker-stopped");
    expect(told.filter((message) => message.type === "call-ended").map(({ reason }) => reason)).toEqual([
      "worker-stopped",
      "worker-stopped",
    ]);
  });

  it("passes orders on, also those that come while a call is being opened", async () => {
    const told: FromShard[] = [];
    const opening = Promise.withResolvers<FakeCall>();
    const calls = createCalls({
      open: () => opening.promise,
      tell: (message) => told.push(message),
      interims: noInterims,
      log: silent,
      parcels: noParcels,
      changeAgent,
    });
    const over = calls.run(job(1));
    const said = calls.order("job-1", { name: "say", text: "One moment.", interruptible: true, by: "key:1" });
    calls.release("job-1", 100);
    const call = new FakeCall();
    opening.resolve(call);
    await settle();
    const by = "root";
    expect(await calls.order("job-1", { name: "interrupt", by })).toEqual({ ok: true, reason: "said-nothing" });
    expect(await calls.order("job-1", { name: "mute", muted: true, by })).toEqual({ ok: true, reason: "" });
    expect(await said).toEqual({ ok: true, reason: "" });
    expect(await calls.order("job-1", { name: "set-language", language: "de", by })).toEqual({
      ok: false,
      reason: "language-unsupported",
      detail: "not de",
    });
    expect(call.told).toEqual(["say One moment. by key:1", "release", "interrupt", "mute true"]);
    await settle();
    calls.abandon("job-1");
    await over;
    expect(told).toEqual([
      { type: "call-released", jobId: "job-1" },
      { type: "call-joined", jobId: "job-1" },
      { type: "call-ended", jobId: "job-1", reason: "taken-over", error: null },
    ]);
    expect(await calls.order("job-1", { name: "interrupt", by })).toMatchObject({ ok: false, reason: "call-over" });
  });

  it("answers an order for a call that never opened", async () => {
    const { calls } = setUp({ breakOn: "job-1" });
    const over = calls.run(job(1));
    const answer = calls.order("job-1", { name: "hang-up", reason: "operator" });
    await over;
    expect(await answer).toMatchObject({ ok: false, reason: "call-over" });
  });

  it("hears a turn that comes by parcel, and brings its answer by another", async () => {
    const brought = new Map<string, string>();
    const sounds: Record<string, number[]> = { "in-1": [1, 0, 254, 255], "in-2": [] };
    const { calls, call } = setUp({
      parcels: {
        fetch: async (id) => Uint8Array.from(sounds[id]!),
        bring: async (id, body) => void brought.set(id, body),
      },
    });
    void calls.run(job(1));
    const hear = (soundParcel: string) =>
      calls.order("job-1", { name: "hear", soundParcel, answerParcel: "out", withinMs: 1_000, by: "root" });
    expect(await hear("in-1")).toEqual({ ok: true, reason: "" });
    expect(call(1).told).toEqual(["hear 1,-2 of api:root"]);
    const { wav, ...said } = JSON.parse(brought.get("out")!);
    expect(said).toEqual({ transcript: "Hello?", outcome: "replied", replyText: "Hello.", intent: null });
    expect(decodeWav(Buffer.from(wav, "base64"))).toEqual({ samples: Int16Array.of(7), sampleRateHz: 24_000 });
    expect(await hear("in-2")).toMatchObject({ ok: false, reason: "turn-in-progress" });
  });

  it.each(["call-over", "join-cancelled"])(
    "one that was stopped before it was there is no failure: %s",
    async (code) => {
      const told: FromShard[] = [];
      const closed = new ParleyError("over", { code, category: "cancelled" });
      const calls = createCalls({
        open: () => Promise.reject(closed),
        tell: (message) => told.push(message),
        interims: noInterims,
        log: silent,
        parcels: noParcels,
        changeAgent,
      });
      await calls.run(job(1));
      expect(told).toEqual([{ type: "call-ended", jobId: "job-1", reason: code, error: null }]);
    },
  );
});
