import type { Store } from "@parley/store";
import type { ServerLog } from "../log.ts";
import type { Refused } from "./quota.ts";

/** Whoever wants to hear of it is told `usage.exceeded`, once an hour for calls at once, once a month for minutes. */
export function tellOfExcess(store: Pick<Store, "webhooks">, log: ServerLog): Refused {
  return async (tenantId, limit, most) => {
    const at = new Date();
    const period = at.toISOString().slice(0, limit === "maxConcurrentCalls" ? 13 : 7);
    log.warn({ tenantId, limit, most }, "a tenant was refused for its quota");
    try {
      const what = `usage.exceeded ${tenantId} ${limit} ${period}`;
      await store.webhooks.emit({ what, type: "usage.exceeded", tenantId, callId: null, at, data: { limit, most } });
    } catch (error) {
      log.warn({ tenantId, err: error }, "nobody could be told of it");
    }
  };
}
