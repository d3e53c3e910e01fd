import type { CallContext } from "@parley/engine";
import { type CallKnown, MAX_METADATA } from "@parley/uplink";
import type { Backend } from "./backend.ts";

/** A caller waits meanwhile; a server that is slower than this is as good as away. */
const CONTEXT_MS = 1_000;

/** What nobody but the server may say: who the call is, whose, and what is kept of its caller. */
const OURS = ["callId", "agentId", "tenantId", "from", "to", "userId", "context"];

/** What the server says of a call that begins; null: nothing, or it does not answer. Never rejects. */
export async function askWhatIsKnown(
  server: Pick<Backend, "callContext">,
  callId: string,
  context: CallContext,
): Promise<CallKnown | null> {
  const metadata = JSON.stringify(context.metadata);
  return metadata.length > MAX_METADATA ? null : server.callContext({ callId, metadata }, CONTEXT_MS);
}

/** The call as it begins: what its room and dispatch say, and what is known. */
export function withKnown(given: CallContext, known: CallKnown | null): CallContext {
  if (known === null) return given;
  const named = Object.entries(known.metadata ?? {}).filter(([name]) => !OURS.includes(name));
  const metadata = { ...given.metadata, ...Object.fromEntries(named) };
  if (known.context !== null) metadata.context = known.context;
  return { ...given, language: known.language ?? given.language, metadata };
}
