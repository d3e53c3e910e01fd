import type { CallRow } from "@parley/store";
import { virtualClock } from "@parley/testkit";
import { expect, test } from "vitest";
import { beginningCalls, callNow } from "./beginning.ts";

function setUp() {
  const clock = virtualClock();
  const rows = new Map<string, string | null>();
  const open = new Map<string, string>();
  let looks = 0;
  const isOf = (owner: string | null | undefined, tenantId: string | undefined) =>
    owner !== undefined && (tenantId === undefined || owner === tenantId);
  const store = {
    calls: {
      get: async (callId: string, tenantId?: string) => {
        looks += 1;
        return isOf(rows.get(callId), tenantId) ? ({ callId } as CallRow) : null;
      },
    },
    connections: { isOpenCall: async (callId: string, tenantId?: string) => isOf(open.get(callId), tenantId) },
  };
  const calls = beginningCalls({ store: store as unknown as Parameters<typeof beginningCalls>[0]["store"], clock });
  return { clock, rows, open, calls, looks: () => looks };
}

test("a call whose token went out is waited for, and is there with its first facts", async () => {
  const { clock, rows, calls } = setUp();
  calls.given(["c"], "mine");
  const found = calls.find("c", "mine");
  await clock.advance(300);
  rows.set("c", "mine");
  await clock.advance(100);
  expect(await found).toEqual({ row: { callId: "c" }, isExpected: false });
});

test("so is one whose room was made; that it has not begun is said after two seconds", async () => {
  const { clock, open, calls } = setUp();
  open.set("c", "mine");
  const [found, named] = [calls.find("c", "mine"), callNow(calls, "c", undefined)];
  const refused = expect(named).rejects.toMatchObject({ code: "call-not-found", message: /has not begun/ });
  await clock.advance(2_100);
  expect(await found).toEqual({ row: null, isExpected: true });
  await refused;
});

test("nobody waits for a call that nobody expects, nor for another tenant's, nor after the token's time", async () => {
  const { clock, open, calls, looks } = setUp();
  calls.given(["c"], "theirs");
  open.set("d", "theirs");
  for (const callId of ["c", "d", "nobody"])
    expect(await calls.find(callId, "mine")).toEqual({ row: null, isExpected: false });
  await expect(callNow(calls, "c", "mine")).rejects.toMatchObject({ status: 404, message: /There is no call/ });
  await clock.advance(15 * 60_000);
  expect(await calls.find("c", "theirs")).toEqual({ row: null, isExpected: false });
  expect(looks()).toBe(5);
});

test("only so many wait at once; whoever comes then is told at once", async () => {
  const { clock, calls } = setUp();
  calls.given(["c"], null);
  const waiting = Array.from({ length: 200 }, () => calls.find("c", undefined));
  await clock.advance(1);
  expect(await calls.find("c", undefined)).toEqual({ row: null, isExpected: true });
  await clock.advance(2_100);
  await Promise.all(waiting);
});
