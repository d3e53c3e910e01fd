import type { ParleyError } from "@parley/engine";
import type { DueDelivery, Store } from "@parley/store";
import type { Posted } from "../outgoing/post.ts";
import { readEndAnswer } from "./answers.ts";

/**
 * What a hook answered when it was told of a call's end is kept of the caller. Null: done; else what was wrong with the
 * answer, which is no reason to send it again. Throws StoreError: then it is.
 */
export async function learnFrom(
  store: Pick<Store, "contexts">,
  { callId, body }: Pick<DueDelivery, "callId" | "body">,
  answer: Posted,
): Promise<string | null> {
  let patch: Record<string, unknown> | undefined;
  try {
    patch = readEndAnswer(answer).context;
  } catch (error) {
    const { code, message } = error as ParleyError;
    return `${code}: ${message}`;
  }
  if (patch === undefined || callId === null) return null;
  const { tenantId, userId } = JSON.parse(body) as { tenantId: string | null; userId: string | null };
  if (userId === null) return "no-user: nobody knows whose context it is; the call had no userId and no number";
  const { outcome } = await store.contexts.learn({ tenantId, userId }, callId, patch);
  return outcome === "too-large" ? "context-too-large: a context has 32 KiB of JSON at most" : null;
}
