import { virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { Subscriptions } from "./subscriptions.ts";

function setup() {
  const clock = virtualClock();
  const failures: unknown[] = [];
  const calls: boolean[] = [];
  const publication = { setSubscribed: (subscribed: boolean) => void calls.push(subscribed) };
  const subscriptions = new Subscriptions({
    retries: 3,
    timeoutMs: 5000,
    retryDelayMs: 250,
    clock,
    log: silentLog,
    onFailed: (participantId, track) => failures.push([participantId, track]),
  });
  return { clock, failures, calls, publication, subscriptions };
}

describe("a subscription", () => {
  it("that comes is left alone", async () => {
    const { clock, failures, calls, publication, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", publication);
    subscriptions.settle("TR_1");
    await clock.advance(60_000);
    expect(calls).toEqual([true]);
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("that the server gives of its own accord is asked for only when it does not come", async () => {
    const { clock, calls, publication, subscriptions } = setup();
    subscriptions.expect("ann", "TR_1", publication);
    await clock.advance(4_000);
    subscriptions.settle("TR_1");
    subscriptions.expect("ann", "TR_2", publication);
    await clock.advance(4_999);
    expect(calls).toEqual([]);
    await clock.advance(1 + 250);
    expect(calls).toEqual([false, true]);
    subscriptions.settle("TR_2");
    await clock.advance(60_000);
    expect(calls).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it("that is refused is tried three times more, then reported once", async () => {
    const { clock, failures, calls, publication, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", publication);
    for (let i = 0; i < 4; i++) {
      expect(failures).toEqual([]);
      subscriptions.failed("TR_1", "no permission");
      await clock.advance(1000);
    }
    expect(failures).toEqual([["ann", { trackId: "TR_1", attempts: 4, message: "no permission" }]]);
    expect(calls).toEqual([true, false, true, false, true, false, true]);
    subscriptions.failed("TR_1", "again");
    expect(failures).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("that was asked for while the connection was being made anew is asked for again at once", async () => {
    const { clock, failures, calls, publication, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", publication);
    subscriptions.again();
    // No "no" between them: should the first have arrived, the track that it brings would be dropped for good.
    expect(calls).toEqual([true, true]);
    subscriptions.settle("TR_1");
    subscriptions.again();
    await clock.advance(60_000);
    expect(calls).toHaveLength(2);
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("that is gone though its track is there is made anew, with time between no and yes", async () => {
    const { clock, failures, calls, publication, subscriptions } = setup();
    subscriptions.renew("ann", "TR_1", publication);
    expect(calls).toEqual([false]);
    await clock.advance(250);
    expect(calls).toEqual([false, true]);
    subscriptions.settle("TR_1");
    subscriptions.renew("ann", "TR_1", publication);
    // It was unpublished after all.
    subscriptions.settle("TR_1");
    await clock.advance(60_000);
    expect(calls).toEqual([false, true, false]);
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("is not begun in a room that is being left", async () => {
    const { clock, calls, publication, subscriptions } = setup();
    subscriptions.close();
    subscriptions.want("ann", "TR_1", publication);
    subscriptions.renew("ann", "TR_1", publication);
    expect(calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("that never comes counts as failed after its time-out", async () => {
    const { clock, failures, publication, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", publication);
    await clock.advance(4 * 5000 + 250 + 500 + 750 - 1);
    expect(failures).toEqual([]);
    await clock.advance(1);
    expect(failures).toMatchObject([["ann", { attempts: 4, message: expect.stringContaining("5000 ms") }]]);
  });

  it("that comes at the second try is not reported", async () => {
    const { clock, failures, publication, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", publication);
    subscriptions.failed("TR_1", "busy");
    await clock.advance(300);
    subscriptions.settle("TR_1");
    await clock.advance(60_000);
    expect(failures).toEqual([]);
  });

  it("is forgotten with its track or the room", async () => {
    const { clock, failures, publication, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", publication);
    subscriptions.want("bob", "TR_2", publication);
    subscriptions.settle("TR_1");
    subscriptions.close();
    await clock.advance(60_000);
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("whose handle is gone fails like any other", async () => {
    const { clock, failures, subscriptions } = setup();
    subscriptions.want("ann", "TR_1", {
      setSubscribed: () => {
        throw new Error("handle is gone");
      },
    });
    await clock.advance(60_000);
    expect(failures).toMatchObject([["ann", { attempts: 4, message: "handle is gone" }]]);
  });
});
