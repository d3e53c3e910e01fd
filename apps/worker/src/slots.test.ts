import { describe, expect, it } from "vitest";
import { createSlots } from "./slots.ts";

const idle = [
  { shardId: 1, pressure: 0 },
  { shardId: 2, pressure: 0 },
];
const job = (n: number) => ({ jobId: `job-${n}`, callId: `call-${n}` });

describe("slots", () => {
  it("never gives out more than the cap, reservations counted", () => {
    const slots = createSlots(2);
    expect(slots.reserve(job(1), idle, 0).taken).toBe(true);
    expect(slots.reserve(job(2), idle, 0).taken).toBe(true);
    expect(slots.reserve(job(3), idle, 0)).toEqual({ taken: false, reason: "full" });
    slots.release("job-1");
    expect(slots.reserve(job(3), idle, 0).taken).toBe(true);
  });

  it("answers the same job with the same slot", () => {
    const slots = createSlots(1);
    const first = slots.reserve(job(1), idle, 0);
    expect(slots.reserve(job(1), idle, 5)).toEqual(first);
    expect(slots.taken).toBe(1);
  });

  it("refuses a second owner of a call", () => {
    const slots = createSlots(null);
    slots.reserve(job(1), idle, 0);
    const second = slots.reserve({ jobId: "job-9", callId: "call-1" }, idle, 0);
    expect(second).toEqual({ taken: false, reason: "call-has-owner" });
  });

  it("spreads a burst by count and breaks ties by pressure", () => {
    const slots = createSlots(null);
    const shards = [
      { shardId: 1, pressure: 0.6 },
      { shardId: 2, pressure: 0.1 },
      { shardId: 3, pressure: 0.3 },
    ];
    const order = [1, 2, 3, 4].map((n) => {
      const reservation = slots.reserve(job(n), shards, 0);
      return reservation.taken && reservation.slot.shardId;
    });
    expect(order).toEqual([2, 3, 1, 2]);
  });

  it("refuses when no shard is ready", () => {
    expect(createSlots(null).reserve(job(1), [], 0)).toEqual({ taken: false, reason: "no-shard" });
  });

  it("knows which calls a shard has", () => {
    const slots = createSlots(4);
    for (const n of [1, 2, 3, 4]) slots.reserve(job(n), idle, 0);
    expect(slots.onShard(1).map((slot) => slot.jobId)).toEqual(["job-1", "job-3"]);
  });
});
