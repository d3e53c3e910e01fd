import { type SettingsInput, settingsSchema } from "@parley/conversation";
import {
  type AgentTool,
  type CallHooks,
  checkTemplate,
  type EchoCanceller,
  type HearingOptions,
  INTENT_TOOL,
  type Llm,
  type NoiseFilter,
  ParleyError,
  type RealtimeModel,
  type StageTimeouts,
  type Stt,
  type Tts,
  type TurnDetector,
  type Vad,
} from "@parley/engine";
import { z } from "zod";
import type { Intent } from "./intents.ts";

/** What a worker asks before it takes a job. */
export interface JobOffer {
  room: string;
  metadata: Record<string, unknown>;
}

/** An agent, as its author writes it in one file. */
export interface AgentOptions extends CallHooks {
  /** Its dispatch name: letters, digits, `-` and `_`. */
  name: string;
  /** For people; the name by default. */
  title?: string;
  /** A sentence for the page. */
  description?: string;
  /** Works by rules, without a language model: the page says so. */
  demo?: boolean;
  /** What the model is told. A template: `{{caller.name}}`, `{{language}}`, `{{metadata.x}}`. */
  instructions?: string;
  /** Said first; a template too. */
  greeting?: string;
  /** BCP 47, default `en`; a call's metadata can name another. */
  language?: string;
  /** `vendor/model`, `vendor` (its default), or an object of your own. */
  stt?: string | Stt;
  llm?: string | Llm;
  tts?: string | Tts;
  vad?: "silero" | "energy" | Vad;
  /** Judges pauses by their sound, beside the words. */
  turnDetector?: TurnDetector;
  /** Takes the agent's voice out of callers' microphones; without one its echo is only not taken for speech. */
  echoCanceller?: EchoCanceller;
  /** Cleans callers' sound before it is judged and transcribed. */
  noiseFilter?: NoiseFilter;
  /** A speech-to-speech model in place of stt and llm. */
  realtime?: RealtimeModel;
  /** The voice's id at its provider. */
  voice?: string;
  /** 1 is normal. */
  speed?: number;
  temperature?: number;
  maxTokens?: number;
  /** What callers are likely to say: helps the recogniser (the local one understands little else). */
  phrases?: readonly string[];
  tools?: readonly AgentTool[];
  /** What callers may want: the model tells which by the tool `report_intent`, and `process-voice` gives it. */
  intents?: readonly Intent[];
  /** Agents that may go on with a call of this one, by `call.transferTo`: they are ready in the same process, with theirs. */
  colleagues?: readonly AgentDefinition[];
  /** How the call behaves: endpointing, interruption, speculation, away, … */
  behaviour?: SettingsInput;
  hearing?: Partial<HearingOptions>;
  timeouts?: Partial<StageTimeouts>;
  /** Worker options: take this job? */
  accept?(job: JobOffer): boolean;
  /** Runs once per process before the first call. */
  prewarm?(): void | Promise<void>;
  limits?: { maxCallsPerWorker?: number };
}

const MOST_COLLEAGUES = 32;
const marker = Symbol.for("parley.agent");

export interface AgentDefinition extends AgentOptions {
  readonly [marker]: true;
}

const text = (max: number) => z.string().max(max);
const fn = z.custom<(...args: never[]) => unknown>((value) => typeof value === "function", "must be a function");
const provider = z.union([text(200).min(1), z.looseObject({ name: z.string() })]);

/** What `defineAgent` takes, checked. */
export const agentSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, - or _"),
  title: text(100).optional(),
  description: text(500).optional(),
  demo: z.boolean().optional(),
  instructions: text(100_000).optional(),
  greeting: text(2_000).optional(),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/, "a language tag such as en or pt-BR")
    .optional(),
  stt: provider.optional(),
  llm: provider.optional(),
  tts: provider.optional(),
  vad: provider.optional(),
  turnDetector: z.looseObject({ name: z.string(), probability: fn }).optional(),
  echoCanceller: z.looseObject({ name: z.string(), open: fn }).optional(),
  noiseFilter: z.looseObject({ name: z.string(), open: fn }).optional(),
  realtime: z.looseObject({ name: z.string() }).optional(),
  voice: text(200).optional(),
  speed: z.number().min(0.25).max(4).optional(),
  temperature: z.number().min(0).max(2).optional(),
  maxTokens: z.int().min(1).optional(),
  phrases: z.array(text(500)).max(20_000).optional(),
  tools: z.array(z.looseObject({ name: z.string(), execute: fn })).optional(),
  intents: z
    .array(z.strictObject({ name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), description: text(500) }))
    .min(1)
    .max(100)
    .optional(),
  colleagues: z
    .array(z.custom<AgentDefinition>(isAgentDefinition, "must be made by defineAgent"))
    .max(MOST_COLLEAGUES)
    .optional(),
  behaviour: settingsSchema.partial().optional(),
  hearing: z
    .strictObject({
      startMs: z.number().min(30).max(2_000),
      pauseMs: z.number().min(50).max(5_000),
      joinMs: z.number().min(0).max(2_000),
      threshold: z.number().min(0.2).max(0.95),
      preRollMs: z.number().min(0).max(2_000),
    })
    .partial()
    .optional(),
  timeouts: z.record(z.string(), z.number().min(1)).optional(),
  accept: fn.optional(),
  prewarm: fn.optional(),
  limits: z.strictObject({ maxCallsPerWorker: z.int().min(1).optional() }).optional(),
  onEnter: fn.optional(),
  onExit: fn.optional(),
  onUserTurnCompleted: fn.optional(),
  onConnectionQuality: fn.optional(),
  on: z.record(z.string(), fn).optional(),
});

/**
 * Defines an agent; export it as the default of its file.
 * Throws ParleyError `agent-invalid`, naming the option and what is wrong with it.
 */
export function defineAgent(options: AgentOptions): AgentDefinition {
  const parsed = agentSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where =
      issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : issue?.path.map(String).join(".") || "options";
    throw invalid(options?.name, `${where}: ${issue?.message ?? "invalid"}`);
  }
  const names = [...(options.tools ?? []).map((tool) => tool.name), ...(options.intents ? [INTENT_TOOL] : [])];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw invalid(options.name, `tools: two tools are named ${twice}`);
  checkTemplate(options.instructions ?? "", `${options.name}: instructions`);
  checkTemplate(options.greeting ?? "", `${options.name}: greeting`);
  const defined = { ...options, [marker]: true as const };
  const namesake = twoOfOneName(withColleagues(defined));
  if (namesake) throw invalid(options.name, `colleagues: two agents are named ${namesake}`);
  return defined;
}

/** The agent, its colleagues, theirs, each once. */
export function withColleagues(agent: AgentDefinition): AgentDefinition[] {
  const all = new Set([agent]);
  // What is added while it is gone through is gone through too.
  for (const one of all) for (const colleague of one.colleagues ?? []) all.add(colleague);
  return [...all];
}

const twoOfOneName = (agents: readonly AgentDefinition[]): string | undefined =>
  agents.find(({ name }, index) => agents.findIndex((other) => other.name === name) !== index)?.name;

export function isAgentDefinition(value: unknown): value is AgentDefinition {
  return typeof value === "object" && value !== null && marker in value;
}

function invalid(name: string | undefined, what: string): ParleyError {
  return new ParleyError(`defineAgent(${name ? `"${name}"` : ""}): ${what}`, {
    code: "agent-invalid",
    category: "configuration",
  });
}
