import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";

const person = {
  present: true,
  ready: true,
  network: "ok",
  connection: "excellent",
  speakingSinceMs: null,
  stretchSinceMs: 0,
  spokeUntilMs: null,
};

const quality = (participantId: string | null, level: "poor" | "lost") =>
  ({
    type: "connection-quality-changed",
    participantId,
    quality: level,
    lossShare: 0.1,
    concealedShare: null,
    jitterMs: 8,
    roundTripMs: null,
  }) as const;

describe("who is there, who hears, who speaks", () => {
  const table: [what: string, act: (call: Drive) => void, people: object][] = [
    ["somebody who joined and subscribed", () => {}, { p: person }],
    ["another agent is nobody", (call) => call.join("a", "agent"), { p: person, a: { ...person, present: false } }],
    ["two people", (call) => call.join("q"), { p: person, q: person }],
    ["somebody who left hears nothing", (call) => call.leave(), { p: { ...person, present: false, ready: false } }],
    [
      "somebody who speaks and leaves does not speak any more",
      (call) => [call.begin(), call.leave()],
      { p: { ...person, present: false, ready: false } },
    ],
    ["speech and its end", (call) => call.speak(300), { p: { ...person, spokeUntilMs: 300 } }],
    [
      "a lost network",
      (call) => call.feed({ type: "network-changed", participantId: "p", state: "lost" }),
      { p: { ...person, network: "lost" } },
    ],
    ["a poor connection", (call) => call.feed(quality("p", "poor")), { p: { ...person, connection: "poor" } }],
    ["the connection of somebody nobody knows", (call) => call.feed(quality("q", "poor")), { p: person }],
    [
      "a connection that is not known yet, when somebody comes back",
      (call) => [call.feed(quality("p", "lost")), call.leave(), call.join("p")],
      { p: person },
    ],
    [
      "speech of somebody who is not there",
      (call) => [call.leave(), call.begin()],
      { p: { ...person, present: false, ready: false } },
    ],
    [
      "a subscription that is told before the join",
      (call) => [call.feed({ type: "listener-ready", participantId: "q" }), call.join("q")],
      { p: person, q: person },
    ],
    [
      "after a recovery nobody, until they join again",
      (call) => call.recover(),
      { p: { ...person, present: false, ready: false } },
    ],
  ];
  it.each(table)("%s", (_what, act, people) => {
    const call = Drive.call();
    act(call);
    expect(call.state.hearing.people).toEqual(people);
  });

  it("counts a stretch that goes on after a breath from its beginning, after a pause from where it goes on", () => {
    const call = Drive.call();
    call.speak(300);
    call.after(200);
    call.goOn(0);
    expect(call.state.hearing.people.p?.stretchSinceMs).toBe(0);
    call.after(300);
    call.pause();
    call.after(201);
    call.goOn(0);
    expect(call.state.hearing.people.p?.stretchSinceMs).toBe(1001);
  });

  it("knows the agent's own connection, which decides nothing and is measured anew after a recovery", () => {
    const call = Drive.call();
    expect(call.feed(quality(null, "poor"))).toEqual([]);
    expect(call.state.hearing.connection).toBe("poor");
    call.recover();
    expect(call.state.hearing.connection).toBe("excellent");
  });

  it("takes speech without end for noise after turnMs", () => {
    const call = Drive.call({ bounds: { turnMs: 5000 } });
    call.begin();
    call.after(4999);
    expect(call.state.hearing.people.p?.speakingSinceMs).toBe(0);
    call.after(1);
    expect(call.state.hearing.people.p?.speakingSinceMs).toBeNull();
  });
});
