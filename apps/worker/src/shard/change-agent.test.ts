import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsSchema } from "@parley/conversation";
import type { CallAgent, CallContext, NextAgent } from "@parley/engine";
import { callStarted } from "@parley/testkit/facts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CallAssignment } from "../messages.ts";
import { changeAgent, checkArrival, whoGoesOn } from "./change-agent.ts";
import type { ShardAgent } from "./shard-agent.ts";

const context: CallContext = {
  room: "r",
  agentId: "front",
  tenantId: null,
  language: null,
  from: null,
  to: null,
  metadata: {},
};
const agentNamed = (name: string, more: Partial<CallAgent> = {}) =>
  ({
    name,
    instructions: "",
    greeting: null,
    language: "en",
    settings: settingsSchema.parse({}),
    ...more,
  }) as CallAgent;

let given: string[] = [];
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-change-"));
  given = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A process with these agents of code; the first is its own. */
function ofCode(...agents: CallAgent[]): ShardAgent {
  const lend = (_context: CallContext, name?: string) => {
    const agent = agents.find((one) => one.name === name) ?? (agents[0] as CallAgent);
    return { agent, giveBack: () => void given.push(agent.name) };
  };
  return { lend, ofCode: agents, summary: { name: agents[0]?.name } } as unknown as ShardAgent;
}

/** One of stored agents: whatever a call's context names, in its version. */
const stored = {
  lend: ({ agentId, metadata }: CallContext) => ({
    agent: agentNamed(agentId ?? ""),
    giveBack: () => void given.push(`${agentId}@${metadata.agentVersion}`),
  }),
  ofCode: [],
  summary: { name: "parley" },
} as unknown as ShardAgent;

const started = (agent: string, metadata = {}) => ({ ...callStarted({ agent, metadata }), epoch: 1 });
const changed = (agent: string, agentVersion: number | null, epoch = 1) => ({
  type: "agent-changed",
  agent,
  agentId: agent,
  agentVersion,
  by: "root",
  language: "en",
  greeting: null,
  settings: settingsSchema.parse({}),
  epoch,
});

function logOf(facts: readonly { epoch: number }[]): string[] {
  const epochs = [...new Set(facts.map(({ epoch }) => epoch))];
  const lines = facts.map((fact, index) => ({ callId: "c", seq: index + 1, at: 0, version: 1, ...fact }));
  return epochs.map((epoch) => {
    const path = join(dir, `c.${epoch}.ndjson`);
    const own = lines.filter((line) => line.epoch === epoch).map((line) => `${JSON.stringify(line)}\n`);
    writeFileSync(path, own.join(""));
    return path;
  });
}

describe("who goes on with a call", () => {
  type Next = NonNullable<CallAssignment["next"]>;
  async function goesOn(loaded: ShardAgent, facts: readonly { epoch: number }[], next: Partial<Next> | null = null) {
    const wanted = next && { agentVersion: null, message: null, reason: null, by: "root", sinceEpoch: 1_000, ...next };
    const recovery = { logPaths: logOf(facts) };
    const assignment = { callId: "c", context, recovery, next: wanted } as unknown as CallAssignment;
    const { lent, arrival } = await whoGoesOn(loaded, assignment, []);
    lent.giveBack();
    return { agent: given.pop(), arrival };
  }
  const front = () => ofCode(agentNamed("front"), agentNamed("billing"));

  it("is the agent that had it, a colleague too", async () => {
    expect(await goesOn(front(), [started("front")])).toEqual({ agent: "front", arrival: null });
    const facts = [started("front"), changed("billing", null)];
    expect(await goesOn(front(), facts)).toEqual({ agent: "billing", arrival: null });
    const version = [started("agent_1", { agentVersion: 1 }), changed("agent_2", 3)];
    expect(await goesOn(stored, version)).toEqual({ agent: "agent_2@3", arrival: null });
  });

  it("is the one that it comes to, and its log is told so, once", async () => {
    const facts = [started("desk"), changed("agent_1", 2)];
    const next = { agentId: "billing", message: "Hello.", reason: "why" };
    const arrival = { agentId: "billing", version: null, by: "root", message: "Hello.", reason: "why" };
    expect(await goesOn(front(), facts, next)).toEqual({ agent: "billing", arrival });
    const told = [...facts, changed("billing", null, 1_000)];
    expect(await goesOn(front(), told, next)).toEqual({ agent: "billing", arrival: null });
    // It has gone on to another one since.
    const since = [...told, changed("front", null, 1_001)];
    expect(await goesOn(front(), since, next)).toEqual({ agent: "front", arrival: null });
    const toStored = { agentId: "agent_7", agentVersion: 4 };
    expect(await goesOn(stored, [started("desk")], toStored)).toEqual({
      agent: "agent_7@4",
      arrival: { agentId: "agent_7", version: 4, by: "root" },
    });
  });

  it("is the process's own where nobody here is the one that had it", async () => {
    expect(await goesOn(front(), [started("front"), changed("agent_1", 2)])).toEqual({
      agent: "front",
      arrival: { agentId: "front", version: null, by: "recovery" },
    });
  });
});

describe("an agent that is to take a call over", () => {
  const next = { agentVersion: null, message: null, reason: null, by: "root" };
  const check = (loaded: ShardAgent, agentId: string) =>
    checkArrival(
      loaded,
      { callId: "c", context, logPath: logOf([started("desk")])[0] ?? "", next: { ...next, agentId } },
      [],
    );

  it("is tried on its log, and given back", async () => {
    await check(ofCode(agentNamed("sales", { instructions: "In {{language}}." })), "sales");
    expect(given).toEqual(["sales"]);
  });

  it.each([
    ["that is not here", agentNamed("desk"), "agent-not-here"],
    [
      "that needs what this call has not",
      agentNamed("sales", { greeting: "{{metadata.plan}}" }),
      "template-variable-missing",
    ],
    ["that speaks by itself", agentNamed("sales", { realtime: {} as never }), "speaks-realtime"],
  ])("cannot be one %s", async (_what, agent, code) => {
    await expect(check(ofCode(agent), "sales")).rejects.toMatchObject({ code });
  });
});

describe("an order to change the agent", () => {
  const order = { name: "change-agent", agentVersion: null, runBy: "x", by: "root", soon: false } as const;
  function call(agent = "front", problem: Error | null = null) {
    const changes: NextAgent[] = [];
    const over = Promise.withResolvers<{ reason: string }>();
    const change = (next: NextAgent) => {
      if (problem) throw problem;
      changes.push(next);
    };
    return { changes, over, call: { control: { agent }, done: over.promise, changeAgent: change } };
  }
  const front = () => ofCode(agentNamed("front"), agentNamed("billing"));
  const assignment = { context } as CallAssignment;

  it("is followed where it is a colleague, who is kept until the call is over", async () => {
    const { changes, over, call: running } = call();
    await changeAgent(front(), running, assignment, { ...order, agentId: "billing", message: "Hello." });
    expect(changes).toMatchObject([{ agentId: "billing", version: null, message: "Hello.", by: "root" }]);
    expect(given).toEqual([]);
    over.resolve({ reason: "test" });
    await over.promise;
    expect(given).toEqual(["billing"]);
  });

  it.each([
    ["to an agent that is not here", front(), "sales", null, "agent-not-here"],
    ["to a stored one", front(), "agent_1", 2, "agent-not-here"],
    ["of stored ones to one of code", stored, "billing", null, "agent-not-here"],
    ["to itself", front(), "front", null, "same-agent"],
    [
      "of a model that speaks by itself",
      ofCode(agentNamed("front", { realtime: {} as never })),
      "x",
      null,
      "speaks-realtime",
    ],
  ])("is refused %s", async (_what, loaded, agentId, agentVersion, code) => {
    const { changes, call: running } = call();
    await expect(changeAgent(loaded, running, assignment, { ...order, agentId, agentVersion })).rejects.toMatchObject({
      code,
    });
    expect(changes).toEqual([]);
  });

  it("gives the agent back when the call will not have it", async () => {
    const { call: running } = call("front", new Error("over"));
    await expect(changeAgent(front(), running, assignment, { ...order, agentId: "billing" })).rejects.toThrow("over");
    expect(given).toEqual(["billing"]);
  });
});
