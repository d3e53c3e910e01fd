import { ParleyError } from "@parley/engine";
import type { RoomParticipant } from "@parley/livekit";
import { virtualClock } from "@parley/testkit";
import pino from "pino";
import { describe, expect, test } from "vitest";
import type { WaitingCall } from "../leases/book/lease-book.ts";
import { callRow } from "../test/app.ts";
import { watchRooms } from "./watch.ts";

type Kind = RoomParticipant["kind"];

/** A LiveKit of rooms with people and agents, and a book that only notes who waits. */
function setUp({ known = [] as string[], stored = [] as string[] } = {}) {
  const clock = virtualClock();
  const rooms = new Map<string, { metadata: string; people: Kind[] }>();
  const waiting = new Map<string, WaitingCall>();
  const books = new Set(known);
  const lookedInto: string[] = [];
  let isAway = false;
  const watch = watchRooms({
    rooms: {
      async listRooms() {
        if (isAway) throw new ParleyError("gone", { code: "livekit-unreachable", category: "network" });
        return [...rooms].map(([name, { metadata }]) => ({ name, metadata, createdAt: 0 }));
      },
      async listParticipants(room) {
        lookedInto.push(room);
        const found = rooms.get(room);
        if (!found) throw new ParleyError("none", { code: "livekit-not-found", category: "refused" });
        return found.people.map((kind, index) => ({ kind, identity: `${index}` }) as RoomParticipant);
      },
      deleteRoom: async () => {},
      createDispatch: async () => ({ dispatchId: "" }),
    },
    findCall: async (callId) => (stored.includes(callId) ? callRow(callId) : null),
    book: {
      knows: (callId) => books.has(callId) || waiting.has(callId),
      isWaiting: (callId) => waiting.has(callId),
      wait: (_now, call) => void waiting.set(call.callId, call),
      withdraw: (callId) => void waiting.delete(callId),
    },
    timings: { waitMs: 60_000, lookMs: 2_000 },
    clock,
    log: pino({ level: "silent" }),
  });
  const enter = (callId: string, people: Kind[] = ["standard"], metadata: object = { callId, agentId: "desk" }) =>
    rooms.set(`room-${callId}`, { metadata: JSON.stringify(metadata), people });
  return {
    watch,
    rooms,
    waiting,
    books,
    lookedInto,
    enter,
    pass: (ms: number) => clock.advance(ms),
    goAway: (away: boolean) => {
      isAway = away;
    },
    unserved: (callId: string, more: object = {}) =>
      watch.unserved({ callId, room: `room-${callId}`, agentName: "desk", metadata: "{}", reason: "full", ...more }),
  };
}

describe("people without an agent", () => {
  test("wait from the second look on, for a minute after the first", async () => {
    const t = setUp();
    t.enter("c");
    await t.pass(2_000);
    expect(t.waiting.size).toBe(0);
    await t.pass(2_000);
    expect([...t.waiting.values()]).toEqual([
      {
        callId: "c",
        room: "room-c",
        agentName: "desk",
        metadata: JSON.stringify({ callId: "c", agentId: "desk" }),
        untilMs: expect.closeTo(62_000, -1),
      },
    ]);
  });

  test("are found a second after a worker had no room for them", async () => {
    const t = setUp();
    t.enter("c", ["sip"], {});
    t.unserved("c", { metadata: '{"plan":"gold"}' });
    await t.pass(900);
    expect(t.waiting.size).toBe(0);
    await t.pass(200);
    expect(t.waiting.get("c")).toMatchObject({ room: "room-c", metadata: '{"plan":"gold"}' });
  });

  test.for<[what: string, prepare: (t: ReturnType<typeof setUp>) => void]>([
    ["somebody runs it", (t) => t.books.add("c")],
    ["an agent is there", (t) => t.enter("c", ["standard", "agent"])],
    ["nobody is there", (t) => t.enter("c", [])],
    ["only a recorder is there", (t) => t.enter("c", ["other"])],
    ["no agent was asked for", (t) => t.enter("c", ["standard"], { callId: "c" })],
    ["its callId is no file name", (t) => t.enter("c", ["standard"], { callId: "../c", agentId: "desk" })],
    ["the room is not Parley's", (t) => t.enter("c", ["standard"], {})],
    ["the room is gone", (t) => t.rooms.clear()],
  ])("do not wait when %s", async ([_what, prepare]) => {
    const t = setUp();
    t.enter("c");
    prepare(t);
    await t.pass(20_000);
    expect(t.waiting.size).toBe(0);
  });

  test("who was served once is not served anew when the agent leaves, or its call has ended", async () => {
    const t = setUp({ stored: ["d"] });
    t.enter("c", ["standard", "agent"]);
    t.enter("d");
    await t.pass(6_000);
    t.enter("c");
    t.unserved("c");
    t.unserved("d");
    await t.pass(20_000);
    expect(t.waiting.size).toBe(0);
  });

  test("whoever leaves waits no more; back, the wait begins again", async () => {
    const t = setUp();
    t.enter("c");
    await t.pass(4_000);
    expect(t.waiting.size).toBe(1);
    t.enter("c", []);
    await t.pass(2_000);
    expect(t.waiting.size).toBe(0);
    t.enter("c");
    await t.pass(4_000);
    expect(t.waiting.get("c")?.untilMs).toBeGreaterThan(67_000);
    t.rooms.clear();
    await t.pass(2_000);
    expect(t.waiting.size).toBe(0);
  });

  test("an agent that came by another way ends the wait", async () => {
    const t = setUp();
    t.enter("c");
    await t.pass(4_000);
    t.enter("c", ["standard", "agent"]);
    await t.pass(2_000);
    expect(t.waiting.size).toBe(0);
  });

  test("two workers' words and the room's metadata are one call", async () => {
    const t = setUp();
    t.enter("c");
    await t.pass(2_000);
    t.unserved("job-of-c", { room: "room-c" });
    t.unserved("job-of-c", { room: "room-c" });
    await t.pass(10_000);
    expect([...t.waiting.keys()]).toEqual(["job-of-c"]);
    t.unserved("another-job-of-c", { room: "room-c" });
    await t.pass(10_000);
    expect([...t.waiting.keys()]).toEqual(["job-of-c"]);
  });

  test("a LiveKit that does not answer is asked again", async () => {
    const t = setUp();
    t.enter("c");
    t.goAway(true);
    await t.pass(10_000);
    t.goAway(false);
    await t.pass(4_000);
    expect(t.waiting.size).toBe(1);
  });

  test("at most 200 rooms are looked into in one go, the oldest first", async () => {
    const t = setUp();
    for (let n = 0; n < 300; n += 1) t.enter(`c${n}`);
    await t.pass(2_000);
    expect([t.lookedInto.length, t.lookedInto[0]]).toEqual([200, "room-c0"]);
  });

  test("nothing is looked for after the end", async () => {
    const t = setUp();
    t.enter("c");
    t.watch.close();
    t.unserved("c");
    await t.pass(20_000);
    expect(t.lookedInto).toEqual([]);
  });
});
