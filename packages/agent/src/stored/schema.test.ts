import { expect, test } from "vitest";
import { agentSchema } from "../definition.ts";
import { onlyOfCode, storedAgentSchema, storedAsIs, storedByName } from "./schema.ts";

test("every option of defineAgent is stored, or said to be of code alone", () => {
  const decided: string[] = [...storedAsIs, ...storedByName, ...onlyOfCode];
  expect(decided.sort()).toEqual(Object.keys(agentSchema.shape).sort());
  expect(Object.keys(storedAgentSchema.shape).sort()).toEqual([...storedAsIs, ...storedByName].sort());
});
