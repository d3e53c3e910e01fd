import { expect, test } from "vitest";
import { runBy } from "./orphans.ts";

test.each([
  ["the first, where it had no other", ["desk"], ["desk", "sales"], "desk"],
  ["the newest that a worker runs", ["desk", "agent_1", "sales"], ["desk", "sales", "parley"], "sales"],
  ["stored agents have workers of one name", ["desk", "agent_1"], ["desk", "parley"], "parley"],
  ["a colleague is with the worker of the one before", ["desk", "sales", "night"], ["desk", "sales"], "sales"],
  ["the first, when nobody is here yet", ["agent_1", "sales"], [], "parley"],
])("a call that nobody runs goes to the worker of %s", (_what, agents, workers, agentName) => {
  expect(runBy(agents, workers)).toBe(agentName);
});
