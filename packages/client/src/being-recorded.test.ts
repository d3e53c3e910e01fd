import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeBrowser } from "../test/fake-environment.ts";
import { fakeParticipant } from "../test/fake-room.ts";
import { createCall } from "./call.ts";
import type { CallOptions } from "./options.ts";
import type { CallState } from "./state.ts";

let browser: FakeBrowser;
const open = (options: Partial<CallOptions> = {}) =>
  createCall({ tokenEndpoint: "/api/token", ...options } as CallOptions, browser.environment());

beforeEach(() => {
  vi.useFakeTimers();
  browser = new FakeBrowser();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("being recorded", () => {
  const recording = (call: { state: CallState }) =>
    "recording" in call.state ? call.state.recording : call.state.status;
  const told = { "lk.agent.state": "listening" };

  it("is what the agent shows, and nobody else", async () => {
    const call = open();
    await call.join();
    expect(recording(call)).toBe("off");
    browser.room.agentJoins(fakeParticipant("bob", { isAgent: false, attributes: { "parley.recording": "on" } }));
    expect(recording(call)).toBe("off");
    const agent = browser.room.agentJoins(fakeParticipant("agent-1", { attributes: { ...told } }));
    for (const state of ["asking", "on", "paused"]) {
      browser.room.agentRecords(agent, state);
      expect(recording(call)).toBe(state);
    }
    browser.room.agentRecords(agent, null);
    expect(recording(call)).toBe("off");
    browser.room.agentRecords(agent, "of another make");
    expect(recording(call)).toBe("off");
  });

  it("is seen of an agent that was there before us", async () => {
    browser.prepareRoom = (room) =>
      room.agentJoins(fakeParticipant("agent-1", { attributes: { ...told, "parley.recording": "on" } }));
    const call = open();
    await call.join();
    expect(recording(call)).toBe("on");
  });

  it("stays known while the agent is lost, until who takes its place has told", async () => {
    const call = open();
    await call.join();
    const first = browser.room.agentJoins(
      fakeParticipant("agent-1", { attributes: { ...told, "parley.recording": "on" } }),
    );
    const seen: string[] = [];
    call.subscribe(() => seen.push(recording(call)));
    browser.room.leaves(first, 2);
    browser.room.emit("reconnecting");
    browser.room.emit("reconnected");
    const second = browser.room.agentJoins(fakeParticipant("agent-1"));
    expect(new Set(seen)).toEqual(new Set(["on"]));
    second.attributes["parley.recording"] = "on";
    browser.room.agentSays(second, "listening");
    expect(new Set(seen)).toEqual(new Set(["on"]));
    browser.room.agentRecords(second, null);
    expect(recording(call)).toBe("off");
  });

  it("is on when one of two agents records, or LiveKit itself", async () => {
    const call = open();
    await call.join();
    browser.room.agentJoins(fakeParticipant("agent-1", { attributes: { ...told } }));
    const second = browser.room.agentJoins(
      fakeParticipant("agent-2", { attributes: { ...told, "parley.recording": "paused" } }),
    );
    expect(recording(call)).toBe("paused");
    browser.room.records(true);
    expect(recording(call)).toBe("on");
    browser.room.records(false);
    expect(recording(call)).toBe("paused");
    browser.room.leaves(second, 1);
    expect(recording(call)).toBe("off");
  });
});
