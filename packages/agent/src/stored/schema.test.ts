import { expect, test } from "vitest";
import { agentSchema } from "../definition.ts";
import { storedAgent } from "./make.ts";
import { onlyOfCode, storedAgentSchema, storedAsIs, storedByName } from "./schema.ts";

test("every option of defineAgent is stored, or said to be of code alone", () => {
  const decided: string[] = [...storedAsIs, ...storedByName, ...onlyOfCode];
  expect(decided.sort()).toEqual(Object.keys(agentSchema.shape).sort());
  expect(Object.keys(storedAgentSchema.shape).sort()).toEqual([...storedAsIs, ...storedByName].sort());
});

test("an agent that names no models hears and speaks with what needs no key; what it names stays", () => {
  const made = (definition: object) =>
    storedAgent({ agentId: "agent_1", definition, offered: [], allowPrivate: false });
  expect(made({ name: "Bare" })).toMatchObject({ stt: "local/pocketsphinx", tts: "local/flite" });
  expect(made({ name: "Bare" }).llm).toBeUndefined();
  expect(made({ name: "Own", stt: "openai", tts: "openai" })).toMatchObject({ stt: "openai", tts: "openai" });
});
