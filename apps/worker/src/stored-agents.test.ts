import { describe, expect, it } from "vitest";
import type { Backend } from "./backend.ts";
import { createLog } from "./log.ts";
import type { ToShard } from "./messages.ts";
import { createStoredAgents } from "./stored-agents.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));
const wanted = { agentId: "agent_a", version: 1, tenantId: null };

function setUp(answer: Backend["agentVersion"] | null) {
  const told: ToShard[] = [];
  const asked: unknown[] = [];
  const backend = answer && {
    agentVersion: (what: typeof wanted, withinMs: number) => {
      asked.push(what);
      return answer(what, withinMs);
    },
  };
  const agents = createStoredAgents({
    send: (_shard, message) => void told.push(message),
    backend: () => backend as Backend | null,
    log: createLog("test", "silent"),
  });
  const ask = (askId: number, what = wanted) => agents.asked(1, { type: "agent-wanted", askId, wanted: what });
  return { ask, told, asked };
}

describe("what stored agents are", () => {
  it("is asked once for each version and tenant, however many want it", async () => {
    const { ask, told, asked } = setUp(async ({ version }) => ({ name: `v${version}` }));
    for (let askId = 1; askId <= 3; askId++) ask(askId);
    await settle();
    ask(4);
    ask(5, { ...wanted, version: 2 });
    ask(6, { ...wanted, tenantId: "acme" as never });
    await settle();
    expect(asked).toHaveLength(3);
    expect(told).toMatchObject([1, 2, 3, 4, 5, 6].map((askId) => ({ askId, problem: "" })));
    expect(told[4]).toMatchObject({ definition: { name: "v2" } });
  });

  it("is asked again when there was none, or nobody said", async () => {
    const answers = [async () => null, () => Promise.reject(new Error("no answer")), async () => ({ name: "A" })];
    const { ask, told } = setUp(() => answers.shift()!());
    for (let askId = 1; askId <= 3; askId++) {
      ask(askId);
      await settle();
    }
    expect(told).toMatchObject([
      { definition: null, problem: expect.stringContaining("knows none") },
      { definition: null, problem: "no answer" },
      { definition: { name: "A" } },
    ]);
  });

  it("is not to be had without a server", async () => {
    const { ask, told } = setUp(null);
    ask(1);
    await settle();
    expect(told).toMatchObject([{ definition: null, problem: "there is no server to ask" }]);
  });

  it("is forgotten in the order in which it was wanted, beyond 200", async () => {
    const { ask, asked } = setUp(async () => ({}));
    ask(0);
    for (let version = 2; version <= 201; version++) {
      ask(version, { ...wanted, version });
      if (version === 100) ask(0);
    }
    await settle();
    ask(0);
    expect(asked).toHaveLength(201);
    ask(0, { ...wanted, version: 2 });
    expect(asked).toHaveLength(202);
  });
});
