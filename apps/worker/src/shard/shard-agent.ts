import type { CallAgent, CallContext } from "@parley/engine";
import type { AgentWanted } from "@parley/uplink";
import type { Log } from "../log.ts";
import type { AgentSummary } from "../messages.ts";

/** An agent for one call, until it is given back. */
export interface LentAgent {
  agent: CallAgent;
  /** The call is over. */
  giveBack(): void;
}

/** The author's agent in this process, warm; or whichever stored one a call is of. */
export interface ShardAgent {
  /** For this call; `agent`: who has it by now, by name. @throws ParleyError when there is none such. */
  lend(context: CallContext, agent?: string): LentAgent | Promise<LentAgent>;
  /** The author's agent and its colleagues; none where stored ones are run. */
  readonly ofCode: readonly CallAgent[];
  readonly summary: AgentSummary;
  /** Null: every job is taken. Throws what the author's code throws. */
  readonly accept: ((context: CallContext) => boolean) | null;
  /** Never throws. */
  close(): Promise<void>;
}

/** What it is in that version. Rejects with the reason, for a person. */
export type AskForAgent = (wanted: AgentWanted) => Promise<Record<string, unknown>>;

/** Never throws. */
export async function closeProviders(
  parts: readonly ({ close?(): unknown } | null | undefined)[],
  log: Log,
): Promise<void> {
  const closed = await Promise.allSettled(parts.map(async (part) => part?.close?.()));
  for (const result of closed)
    if (result.status === "rejected") log.warn({ err: result.reason }, "a provider did not close");
}
