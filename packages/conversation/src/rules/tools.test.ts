import { describe, expect, it } from "vitest";
import { Drive, error } from "../../test/drive.ts";

const called = (call: Drive, effectful: boolean, toolCallId = "k", replyId = "r1") =>
  call.feed({ type: "tool-called", replyId, step: 0, toolCallId, tool: "book", args: {}, effectful });

describe("a tool", () => {
  const prepared = () => {
    const call = Drive.call({ speculation: { policy: "at-pause" } });
    call.speak(500);
    call.heard("Book a table.");
    return call;
  };

  it("that only reads runs in a prepared reply; one that does something waits for the turn", () => {
    const call = prepared();
    expect(called(call, false, "reads")).toEqual(["tool-started"]);
    expect(called(call, true, "does")).toEqual([]);
    expect(call.after(1000)).toEqual(["turn-committed", "tool-started", "reply-released"]);
  });

  it("that does something never runs when the prepared reply is dropped", () => {
    const call = prepared();
    called(call, true);
    call.speak(300);
    call.heard("No, two.", "t1", 1);
    call.after(1000);
    expect(call.log.some((fact) => fact.type === "tool-started")).toBe(false);
  });

  it("is started once, however often it is called", () => {
    const call = Drive.call();
    call.typed("Book it.");
    expect(called(call, true)).toEqual(["tool-started"]);
    expect(called(call, true)).toEqual([]);
    expect(call.log.findLast((fact) => fact.type === "tool-started")).toMatchObject({ idempotencyKey: "c1:r1:k" });
  });

  it("of a reply that is over is not started", () => {
    const call = Drive.call();
    call.typed("Book it.");
    call.feed({ type: "reply-failed", replyId: "r1", stage: "llm", error });
    expect(called(call, true)).toEqual([]);
  });

  const ends: [why: string, act: (call: Drive) => string[], reason: string][] = [
    ["when it takes too long", (call) => call.after(60_000), "no answer in time"],
    [
      "when its reply is stopped",
      (call) => [...call.play("r1", 100), ...call.feed({ type: "interrupt-requested", by: "o" })],
      "reply stopped",
    ],
    [
      "when its reply fails",
      (call) => call.feed({ type: "reply-failed", replyId: "r1", stage: "llm", error }),
      "reply failed",
    ],
    ["when its turn is answered with another", (call) => call.typed("And a chair."), "turn skipped"],
    [
      "when the call ends",
      (call) => [...call.play("r1", 100), ...call.feed({ type: "close-requested", reason: "x", afterReply: false })],
      "call ended",
    ],
    ["when the process dies", (call) => call.recover(), "outcome-unknown"],
  ];
  it.each(ends)("is cancelled %s", (_why, act, reason) => {
    const call = Drive.call({ bounds: { replyMs: 90_000 } });
    call.typed("Book it.");
    called(call, true);
    expect(act(call).filter((decision) => decision.startsWith("tool"))).toEqual([`tool-cancelled ${reason}`]);
    expect(
      call.feed({ type: "tool-finished", toolCallId: "k", result: 1 }).filter((one) => one.startsWith("tool")),
    ).toEqual([]);
  });

  it("of a prepared reply is cancelled when the turn goes on", () => {
    const call = prepared();
    called(call, false);
    expect(call.begin()).toContain("tool-cancelled reply over");
    expect(call.state.tools.calls).toEqual([]);
  });

  it("that only reads counts as dead with its process", () => {
    const call = Drive.call();
    call.typed("Look it up.");
    called(call, false);
    expect(call.recover()).toContain("tool-cancelled process died");
  });
});
