import { describe, expect, it } from "vitest";
import { Drive } from "../test/drive.ts";
import type { Fact } from "./facts/index.ts";
import { recoverState, replayFacts } from "./replay.ts";

const recorded = () => {
  const call = Drive.speaking();
  call.speak(300);
  call.heard("Stop please.", "t2");
  call.after(1000);
  call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1700 });
  return call;
};

describe("replay", () => {
  it("of a recorded call shows no difference", () => {
    const { log } = recorded();
    const inputs = log.filter((fact) => fact.type === "deadline-passed").length;
    const replay = replayFacts(log);
    expect(replay).toMatchObject({ facts: log.length, differences: [] });
    expect(replay.inputs).toBeGreaterThan(inputs);
  });

  it("shows where other rules decided otherwise, and goes on from what happened", () => {
    const { log } = recorded();
    const at = log.findIndex((fact) => fact.type === "reply-stopped");
    const changed = log.with(at, { ...log[at], reason: "requested" } as Fact);
    const { differences } = replayFacts(changed);
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatchObject({ input: "deadline-passed" });
    expect(differences[0]?.recorded.join()).toContain("requested");
    expect(differences[0]?.decided.join()).toContain("interrupted");
  });

  it("shows a decision that is missing", () => {
    const { log } = recorded();
    const without = log.filter((fact) => fact.type !== "reply-ducked");
    expect(replayFacts(without).differences[0]).toMatchObject({ input: "speech-started" });
  });

  it("of nothing is nothing", () => {
    expect(replayFacts([])).toEqual({ facts: 0, inputs: 0, differences: [] });
  });
});

describe("recovery", () => {
  it("of a log cut within a step makes the missing decisions", () => {
    const { log, state } = recorded();
    const cut = log.findIndex((fact) => fact.type === "reply-finished");
    const recovered = recoverState(log.slice(0, cut));
    expect(recovered.missing).toEqual(log.slice(cut));
    expect(recovered.state).toEqual(state);
  });

  it("of a whole log misses nothing", () => {
    const { log, state } = recorded();
    expect(recoverState(log)).toEqual({ state, missing: [] });
  });

  it("of an empty log begins anew", () => {
    expect(recoverState([])).toMatchObject({ missing: [], state: { seq: 0 } });
  });
});
