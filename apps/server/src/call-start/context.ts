import { parseMetadata, parseRoomMetadata } from "@parley/livekit";
import type { Store } from "@parley/store";

const MAX_USER_ID = 200;

/**
 * What is known of the caller of a call that begins: by `userId` in its metadata, else by the number that called. Null:
 * nothing. Throws StoreError.
 */
export async function callContext(
  store: Pick<Store, "contexts">,
  { metadata }: { metadata: string },
): Promise<Record<string, unknown> | null> {
  const { tenantId, from } = parseRoomMetadata(metadata);
  const given = parseMetadata(metadata);
  const named = typeof given === "object" && given !== null ? (given as { userId?: unknown }).userId : undefined;
  const userId = typeof named === "string" && named !== "" ? named : from;
  if (userId === null || userId.length > MAX_USER_ID) return null;
  return (await store.contexts.get({ tenantId, userId }))?.context ?? null;
}
