import { settingsSchema } from "@parley/conversation";
import { checkTemplate } from "@parley/engine";
import { z } from "zod";
import { agentSchema } from "../definition.ts";
import { httpToolSchema } from "../http-tool/schema.ts";
import { checkProvider } from "../providers.ts";

/** What workers that run stored agents are registered as with LiveKit. */
export const STORED_AGENTS = "parley";
/** How the ids of stored agents begin; no agent of code may be named so. */
export const STORED_ID = "agent_";
export const isStoredId = (agentId: string): boolean => agentId.startsWith(STORED_ID);

const MOST_TOOLS = 64;
/** It travels to workers in a frame of the uplink. */
const MOST_CHARS = 200_000;

/** Taken as `defineAgent` has them. */
export const storedAsIs = [
  "description",
  "instructions",
  "greeting",
  "language",
  "voice",
  "speed",
  "temperature",
  "maxTokens",
  "phrases",
  "intents",
  "hearing",
  "timeouts",
] as const;
/** Stored too, though of their values only what can be written down: names in place of objects. */
export const storedByName = ["name", "stt", "llm", "tts", "vad", "tools", "behaviour"] as const;
/** What only code can say. A new option of `defineAgent` has to be put into one of the three lists. */
export const onlyOfCode = [
  "title",
  "demo",
  "turnDetector",
  "echoCanceller",
  "noiseFilter",
  "realtime",
  "colleagues",
  "accept",
  "prewarm",
  "limits",
  "onEnter",
  "onExit",
  "onUserTurnCompleted",
  "onConnectionQuality",
  "on",
] as const;

const asIs = agentSchema.pick(
  Object.fromEntries(storedAsIs.map((name) => [name, true])) as Record<(typeof storedAsIs)[number], true>,
);

const model = (kind: "stt" | "llm" | "tts") =>
  z
    .string()
    .max(200)
    .superRefine((name, context) => complain(context, () => checkProvider(kind, name)));

const behaviour = z.strictObject(settingsSchema.omit({ mode: true, reviewTurns: true }).partial().shape);

const shape = {
  name: z.string().trim().min(1).max(200).describe("For people"),
  ...asIs.shape,
  stt: model("stt")
    .optional()
    .describe("vendor/model, or vendor for its default; else local/pocketsphinx: English, no key"),
  llm: model("llm")
    .optional()
    .describe("vendor/model, or vendor for its default; without one it greets, and has nothing but its apology to say"),
  tts: model("tts").optional().describe("vendor/model, or vendor for its default; else local/flite: English, no key"),
  vad: z.enum(["silero", "energy"]).optional(),
  behaviour: behaviour.optional().describe("How the call behaves: endpointing, interruption, away, …"),
  tools: z
    .array(z.union([z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), httpToolSchema]))
    .max(MOST_TOOLS)
    .optional()
    .describe("Names of tools that the workers' code offers, and HTTP tools"),
};

/** An agent that is written down: what `defineAgent` takes, as far as it can be. */
export const storedAgentSchema = z
  .strictObject(shape)
  .superRefine((agent, context) => {
    complain(context, () => checkTemplate(agent.instructions ?? "", "instructions"));
    complain(context, () => checkTemplate(agent.greeting ?? "", "greeting"));
    const names = (agent.tools ?? []).map((tool) => (typeof tool === "string" ? tool : tool.name));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) context.addIssue({ code: "custom", message: `tools: two tools are named ${twice}` });
  })
  .refine((agent) => JSON.stringify(agent).length <= MOST_CHARS, {
    error: `an agent may have ${MOST_CHARS} characters of JSON`,
  });
export type StoredAgentDefinition = z.infer<typeof storedAgentSchema>;

type Nullable<Shape extends z.core.$ZodShape> = { [Name in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Name]>> };

/** A change of one: fields that are not named stay, null takes one away. */
export const storedAgentChange = z.strictObject(
  Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, field.nullable().optional()])) as Nullable<
    typeof shape
  >,
);

function complain(context: z.core.$RefinementCtx, check: () => void): void {
  try {
    check();
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
}
