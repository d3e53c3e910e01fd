import { mergePatch, userIdOf } from "@parley/conversation";
import type { Clock } from "@parley/engine";
import { parseMetadata, parseRoomMetadata } from "@parley/livekit";
import { MAX_CONTEXT_BYTES, type Store } from "@parley/store";
import type { CallKnown } from "@parley/uplink";
import type { AskHook } from "../hook/ask.ts";
import type { ServerLog } from "../log.ts";

/** The worker waits a second, and goes on without. */
const ANSWER_MS = 900;

type Known = Record<string, unknown>;

/**
 * What is known of the caller of a call that begins: by `userId` in its metadata, else by the number that called. Null:
 * nothing. Throws StoreError.
 */
export async function callContext(
  store: Pick<Store, "contexts">,
  { metadata }: { metadata: string },
): Promise<Known | null> {
  const { userId, tenantId } = callOf(metadata);
  if (userId === null) return null;
  return (await store.contexts.get({ tenantId, userId }))?.context ?? null;
}

export interface CallStartOptions {
  store: Pick<Store, "contexts">;
  ask: AskHook;
  clock: Clock;
  log: ServerLog;
}

/** What a worker is told of a call that begins: what is known of its caller, and what the tenant's hook says. Throws StoreError. */
export function callStart({ store, ask, clock, log }: CallStartOptions) {
  return async (call: { callId: string; metadata: string }): Promise<CallKnown> => {
    const begunMs = clock.now();
    const { callId } = call;
    const stored = await callContext(store, call);
    const { given, userId, tenantId, ...more } = callOf(call.metadata);
    const answer = await ask(
      { callId, tenantId, ...more, userId, metadata: given, context: stored },
      ANSWER_MS - (clock.now() - begunMs),
    );
    if (answer === null) return { context: stored };
    const { metadata, language, refuse } = answer;
    const merged = answer.context === undefined ? stored : (mergePatch(stored ?? {}, answer.context) as Known);
    const isTooLarge = merged !== null && Buffer.byteLength(JSON.stringify(merged)) > MAX_CONTEXT_BYTES;
    if (isTooLarge)
      log.error({ callId, tenantId }, "what the hook adds makes the context longer than 32 KiB: left out");
    return {
      context: isTooLarge ? stored : merged,
      ...(metadata === undefined ? {} : { metadata }),
      ...(language === undefined ? {} : { language }),
      ...(refuse === undefined ? {} : { refusal: refuse }),
    };
  };
}

function callOf(metadata: string) {
  const { tenantId, agentId, language, from, to } = parseRoomMetadata(metadata);
  const parsed = parseMetadata(metadata);
  const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  const given = isObject ? (parsed as Known) : {};
  return { given, tenantId, agentId, language, from, to, userId: userIdOf({ metadata: given, from }) };
}
