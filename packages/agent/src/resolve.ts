import { settingsSchema } from "@parley/conversation";
import { type CallAgent, eagerHearing, hearingDefaults, type Tts, timeoutDefaults, type Vad } from "@parley/engine";
import { type AgentDefinition, withColleagues } from "./definition.ts";
import { intentTool } from "./intents.ts";
import { type Env, resolveLlm, resolveStt, resolveTts, resolveVad, spareVoice } from "./providers.ts";

/** The call's rules give up on onExit so much later than whoever runs it does. */
const EXIT_LATE_MS = 500;

export interface ResolveOptions {
  /** Where keys, base URLs and default models come from, e.g. process.env. */
  env: Env;
  /** Used instead of the agent's own choice. */
  vad?: Vad;
}

/**
 * An agent with its providers made (not yet warmed): one per process, for many calls.
 * Throws ParleyError `provider-unknown` (listing the known), `openai-key-missing`.
 */
export async function resolveAgent(definition: AgentDefinition, { env, vad }: ResolveOptions): Promise<CallAgent> {
  const named = <T>(choice: string | T | undefined, make: (name: string, env: Env) => Promise<T>) =>
    typeof choice === "string" ? make(choice, env) : Promise.resolve(choice ?? null);
  const [stt, llm, tts] = await Promise.all([
    named(definition.stt, (name) => resolveStt(name, env, definition.phrases ?? [])),
    named(definition.llm, resolveLlm),
    named(definition.tts, resolveTts),
  ]);
  const choice = definition.vad ?? "silero";
  const { onEnter, onExit, onUserTurnCompleted, onConnectionQuality, on } = definition;
  const timeouts = { ...timeoutDefaults, ...definition.timeouts };
  return {
    name: definition.name,
    instructions: definition.instructions ?? "",
    greeting: definition.greeting ?? null,
    language: definition.language ?? "en",
    stt,
    llm,
    tts,
    spareTts: await spareFor(tts),
    realtime: definition.realtime ?? null,
    turnDetector: definition.turnDetector ?? null,
    echoCanceller: definition.echoCanceller ?? null,
    noiseFilter: definition.noiseFilter ?? null,
    vad: vad ?? (typeof choice === "string" ? await resolveVad(choice) : choice),
    ...(definition.voice === undefined ? {} : { voice: definition.voice }),
    ...(definition.speed === undefined ? {} : { speed: definition.speed }),
    ...(definition.temperature === undefined ? {} : { temperature: definition.temperature }),
    ...(definition.maxTokens === undefined ? {} : { maxTokens: definition.maxTokens }),
    phrases: definition.phrases ?? [],
    tools: [...(definition.tools ?? []), ...(definition.intents ? [intentTool(definition.intents)] : [])],
    hooks: {
      ...(onEnter ? { onEnter } : {}),
      ...(onExit ? { onExit } : {}),
      ...(onUserTurnCompleted ? { onUserTurnCompleted } : {}),
      ...(onConnectionQuality ? { onConnectionQuality } : {}),
      ...(on ? { on } : {}),
    },
    settings: settingsSchema.parse({
      ...definition.behaviour,
      closing: { ...definition.behaviour?.closing, exitMs: onExit ? timeouts.hookMs + EXIT_LATE_MS : 0 },
      ...(definition.realtime ? { mode: "realtime" } : {}),
      ...(onUserTurnCompleted ? { reviewTurns: true } : {}),
    }),
    hearing: { ...hearingDefaults, ...(stt?.capabilities.restarts ? eagerHearing : {}), ...definition.hearing },
    timeouts,
  };
}

/** The agent and its colleagues, ready as `resolveAgent` makes them; itself first. One VAD of a name serves them all. */
export async function resolveAgents(
  definition: AgentDefinition,
  { env }: Pick<ResolveOptions, "env">,
): Promise<[CallAgent, ...CallAgent[]]> {
  const vads = new Map<string, Vad>();
  const resolve = async (one: AgentDefinition): Promise<CallAgent> => {
    const { vad = "silero" } = one;
    if (typeof vad !== "string") return resolveAgent(one, { env });
    const shared = vads.get(vad) ?? (await resolveVad(vad));
    vads.set(vad, shared);
    return resolveAgent(one, { env, vad: shared });
  };
  const [self, ...others] = withColleagues(definition);
  const first = await resolve(self ?? definition);
  const colleagues: CallAgent[] = [];
  for (const other of others) colleagues.push(await resolve(other));
  return [first, ...colleagues];
}

/** Loads models and opens connections, before the first call. Throws the first ParleyError. */
export async function warmAgent(agent: CallAgent): Promise<void> {
  await Promise.all([
    agent.vad.warm?.(),
    agent.stt?.warm?.(),
    agent.llm?.warm?.(),
    agent.tts?.warm?.(),
    agent.turnDetector?.warm?.(),
    agent.echoCanceller?.warm?.(),
    agent.noiseFilter?.warm?.(),
  ]);
}

async function spareFor(tts: Tts | null): Promise<Tts | null> {
  if (!tts || tts.name.startsWith("local/")) return null;
  return await spareVoice();
}
