import { ParleyError } from "../error.ts";
import type { CallControl } from "./agent.ts";
import type { CallOptions, NextAgent } from "./options.ts";

/** Longest reason and message, characters. */
const MOST_CHARS = 2_000;

/** How the author's code hands the call to another agent: to one that is here at once, else by whoever knows the others. */
export function transfers(call: {
  options: Pick<CallOptions, "agent" | "colleagues" | "transferElsewhere">;
  /** Its log has begun, or will never do so. */
  begun: Promise<unknown>;
  isOver(): boolean;
  /** Throws ParleyError. */
  change(next: NextAgent): void;
}): CallControl["transferTo"] {
  const { options } = call;
  const by = "agent";
  let isUnderWay = false;

  return async (agentId, { reason, message } = {}) => {
    const more = {
      ...(reason === undefined ? {} : { reason: reason.slice(0, MOST_CHARS) }),
      ...(message === undefined ? {} : { message: message.slice(0, MOST_CHARS) }),
    };
    await call.begun;
    if (call.isOver()) throw refusal("call-over", "The call is over.");
    if (agentId === options.agent.name) throw refusal("same-agent", `${agentId} has the call already.`);
    if (isUnderWay) throw refusal("transfer-under-way", "The call is being handed to another agent already.");
    const colleague = options.colleagues?.find(({ name }) => name === agentId);
    if (colleague) return call.change({ agent: colleague, agentId, version: null, by, ...more });
    if (!options.transferElsewhere) throw notFound(agentId, options);
    isUnderWay = true;
    try {
      await options.transferElsewhere({ agentId, by, ...more });
    } finally {
      isUnderWay = false;
    }
  };
}

function notFound(agentId: string, { agent, colleagues = [] }: Pick<CallOptions, "agent" | "colleagues">): ParleyError {
  const others = colleagues.map(({ name }) => name).filter((name) => name !== agent.name);
  const list = others.join(", ") || "none";
  return refusal(
    "agent-not-found",
    `There is no agent ${JSON.stringify(agentId)} here. Others that can go on with this call: ${list}.`,
  );
}

const refusal = (code: string, message: string): ParleyError => new ParleyError(message, { code, category: "refused" });
