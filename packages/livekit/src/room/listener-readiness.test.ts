import { virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { ListenerReadiness } from "./listener-readiness.ts";

function setup() {
  const clock = virtualClock();
  const ready: string[] = [];
  const listeners = new ListenerReadiness({
    settleMs: 700,
    fallbackMs: 5000,
    clock,
    log: silentLog,
    onReady: (id) => ready.push(`${id}@${clock.now()}`),
  });
  return { clock, ready, listeners };
}

describe("a person can hear the agent", () => {
  it("as soon as LiveKit says that somebody subscribed, when nobody else is there", async () => {
    const { clock, ready, listeners } = setup();
    listeners.joined("ann");
    await clock.advance(90);
    listeners.trackSubscribed();
    await clock.advance(60_000);
    expect(ready).toEqual(["ann@90"]);
  });

  it("after five seconds when LiveKit says nothing", async () => {
    const { clock, ready, listeners } = setup();
    listeners.joined("ann");
    await clock.advance(60_000);
    expect(ready).toEqual(["ann@5000"]);
  });

  it("a little after joining, when somebody subscribed long ago", async () => {
    const { clock, ready, listeners } = setup();
    listeners.joined("ann");
    listeners.trackSubscribed();
    await clock.advance(1000);
    listeners.joined("bob");
    await clock.advance(60_000);
    expect(ready).toEqual(["ann@0", "bob@1700"]);
  });

  it("of two who came in a row the later one gets the time to subscribe", async () => {
    const { clock, ready, listeners } = setup();
    listeners.joined("ann");
    await clock.advance(700);
    listeners.joined("bob");
    await clock.advance(50);
    listeners.trackSubscribed();
    await clock.advance(60_000);
    expect(ready).toEqual(["ann@750", "bob@1400"]);
  });

  it("not after leaving, and anew after coming back", async () => {
    const { clock, ready, listeners } = setup();
    listeners.joined("ann");
    listeners.left("ann");
    listeners.trackSubscribed();
    await clock.advance(10_000);
    expect(ready).toEqual([]);
    listeners.joined("ann");
    listeners.joined("bob");
    listeners.close();
    await clock.advance(10_000);
    expect(ready).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
