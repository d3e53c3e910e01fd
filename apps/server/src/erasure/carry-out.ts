import type { ErasureRow, Store } from "@parley/store";

/**
 * Erases what can be erased now; unfinished while a call of theirs is live, or the storage holds a recording of one.
 * Throws StoreError.
 */
export async function carryOut(
  store: Pick<Store, "erasures" | "contexts">,
  erasure: ErasureRow,
  deleteRecordings: () => Promise<void>,
): Promise<void> {
  const { erasureId, tenantId, subject, reason } = erasure;
  if (subject === null) return;
  if (reason !== "caller") {
    await store.erasures.eraseCall(subject, erasureId);
    return finish();
  }
  await store.contexts.forget(subject, tenantId);
  const calls = await store.erasures.callsOf(subject, tenantId);
  for (const { callId, status } of calls) if (status === "ended") await store.erasures.eraseCall(callId, erasureId);
  if (calls.some(({ status }) => status === "live")) return;
  // What a call taught of them while it was being erased.
  await store.contexts.forget(subject, tenantId);
  if (await store.erasures.forgetCaller(subject, tenantId, erasureId)) await finish();

  async function finish(): Promise<void> {
    await deleteRecordings();
    if ((await store.erasures.remains(erasureId)) === 0) await store.erasures.finish(erasureId);
  }
}
