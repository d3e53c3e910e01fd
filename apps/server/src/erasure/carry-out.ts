import type { ErasureRow, Store } from "@parley/store";

/** Erases what can be erased now; unfinished while a call of theirs is live. Throws StoreError. */
export async function carryOut(store: Pick<Store, "erasures" | "contexts">, erasure: ErasureRow): Promise<void> {
  const { erasureId, tenantId, subject, reason } = erasure;
  if (subject === null) return;
  if (reason !== "caller") {
    await store.erasures.eraseCall(subject, erasureId);
    return store.erasures.finish(erasureId);
  }
  await store.contexts.forget(subject, tenantId);
  const calls = await store.erasures.callsOf(subject, tenantId);
  for (const { callId, status } of calls) if (status === "ended") await store.erasures.eraseCall(callId, erasureId);
  if (calls.some(({ status }) => status === "live")) return;
  // What a call taught of them while it was being erased.
  await store.contexts.forget(subject, tenantId);
  if (await store.erasures.forgetCaller(subject, tenantId, erasureId)) await store.erasures.finish(erasureId);
}
