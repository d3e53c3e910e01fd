import type { Fact, InputBody, RuleState, Settings } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { CallAgent, CallContext, Caller } from "./agent.ts";
import { FirstCaller } from "./first-caller.ts";
import type { CallOptions, NextAgent } from "./options.ts";
import { Script } from "./script.ts";

/** Who has the call, as far as its log goes: by name, and as a stored agent in which version. Null: it has not begun. */
export function agentOf(facts: readonly Fact[]): { agent: string; agentId: string; version: number | null } | null {
  const fact = facts.findLast(({ type }) => type === "agent-changed" || type === "call-started");
  if (fact?.type === "agent-changed") return { ...named(fact), version: fact.agentVersion };
  if (fact?.type !== "call-started") return null;
  const { agentVersion } = fact.metadata;
  return { ...named(fact), version: typeof agentVersion === "number" ? agentVersion : null };
}

const named = ({ agent, agentId }: { agent: string; agentId: string | null }) => ({ agent, agentId: agentId ?? agent });

/**
 * Whether the agent could go on with the call whose log this is.
 * @throws ParleyError `speaks-realtime`, `template-variable-missing`
 */
export function checkNextAgent(
  agent: CallAgent,
  call: { callId: string; context: CallContext; facts: readonly Fact[] },
): void {
  const { callId, context, facts } = call;
  if (agent.realtime) throw speaksRealtime(agentOf(facts)?.agent ?? "its agent", agent.name);
  const caller = new FirstCaller();
  caller.recall(facts);
  const script = new Script({ callId, context, agent });
  script.check();
  script.fillIn(caller.current);
  script.greeting(caller.current);
}

/**
 * The fact that the agent changes. What belongs to the call and not to its agent (how it is recorded, how it ends) stays.
 * @throws ParleyError `call-over`, `speaks-realtime`, `template-variable-missing`; nothing has changed then
 */
export function agentChanged(
  { agent, agentId, version, message, reason, by }: NextAgent,
  call: { options: CallOptions; state: RuleState; isOver: boolean; chosen: string | null; caller: Caller | null },
): Extract<InputBody, { type: "agent-changed" }> {
  const { options, state, chosen, caller } = call;
  if (call.isOver || state.closing.phase !== "open") throw refusal("call-over", "The call is over, or ends just now.");
  const from = options.agent;
  if (agent.realtime || from.realtime) throw speaksRealtime(from.name, agent.name);
  const script = new Script({ ...options, agent });
  if (chosen !== null) script.language = chosen;
  script.check();
  script.fillIn(caller);
  const { recording, closing, mode } = state.settings;
  const { exitMs } = agent.settings.closing;
  const settings: Settings = { ...agent.settings, recording, closing: { ...closing, exitMs }, mode };
  const greeting = message ?? script.greeting(caller);
  return {
    type: "agent-changed",
    agent: agent.name,
    agentId,
    agentVersion: version,
    by,
    ...(reason === undefined ? {} : { reason }),
    language: script.language,
    greeting,
    settings,
  };
}

const speaksRealtime = (from: string, to: string): ParleyError =>
  refusal("speaks-realtime", `Between ${from} and ${to}: a speech-to-speech model keeps its call.`);

const refusal = (code: string, message: string): ParleyError => new ParleyError(message, { code, category: "refused" });
