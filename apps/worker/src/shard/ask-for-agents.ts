import { ParleyError } from "@parley/engine/error";
import type { FromShard, ToShard } from "../messages.ts";
import type { AskForAgent } from "./shard-agent.ts";

export interface AskingForAgents {
  ask: AskForAgent;
  answered(answer: Extract<ToShard, { type: "agent-version" }>): void;
  /** Nobody answers any more. */
  lost(): void;
}

/** Questions about stored agents, which the supervisor answers: it has the line to the server. */
export function askForAgents(tell: (message: FromShard) => void): AskingForAgents {
  const waiting = new Map<number, (answer: Extract<ToShard, { type: "agent-version" }>) => void>();
  let count = 0;
  return {
    async ask(wanted) {
      const askId = ++count;
      const { promise, resolve } = Promise.withResolvers<Extract<ToShard, { type: "agent-version" }>>();
      waiting.set(askId, resolve);
      tell({ type: "agent-wanted", askId, wanted });
      const { definition, problem } = await promise;
      if (definition !== null) return definition;
      const { agentId, version } = wanted;
      throw new ParleyError(`Version ${version} of the agent ${agentId} is not to be had: ${problem}`, {
        code: "agent-not-had",
        category: "refused",
      });
    },
    lost() {
      for (const [askId, settle] of waiting)
        settle({ type: "agent-version", askId, definition: null, problem: "the supervisor is gone" });
      waiting.clear();
    },
    answered(answer) {
      waiting.get(answer.askId)?.(answer);
      waiting.delete(answer.askId);
    },
  };
}
