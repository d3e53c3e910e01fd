import type { InputBody, RuleState, Settings } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { CallAgent, Caller } from "./agent.ts";
import type { CallOptions } from "./options.ts";
import { Script } from "./script.ts";

/** Who goes on with a call in the place of its agent. */
export interface NextAgent {
  agent: CallAgent;
  agentId: string;
  /** Of a stored agent. */
  version: number | null;
  /** Said in place of its greeting. */
  message?: string | undefined;
  by: string;
}

/**
 * The fact that the agent changes. What belongs to the call and not to its agent (how it is recorded, how it ends) stays.
 * @throws ParleyError `call-over`, `speaks-realtime`, `template-variable-missing`; nothing has changed then
 */
export function agentChanged(
  { agent, agentId, version, message, by }: NextAgent,
  call: { options: CallOptions; state: RuleState; isOver: boolean; chosen: string | null; caller: Caller | null },
): Extract<InputBody, { type: "agent-changed" }> {
  const { options, state, chosen, caller } = call;
  if (call.isOver || state.closing.phase !== "open") throw refusal("call-over", "The call is over, or ends just now.");
  const from = options.agent;
  if (agent.realtime || from.realtime)
    throw refusal(
      "speaks-realtime",
      `Between ${from.name} and ${agent.name}: a speech-to-speech model keeps its call.`,
    );
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
    language: script.language,
    greeting,
    settings,
  };
}

const refusal = (code: string, message: string): ParleyError => new ParleyError(message, { code, category: "refused" });
