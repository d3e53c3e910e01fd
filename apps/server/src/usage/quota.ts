import type { Store } from "@parley/store";
import { HttpProblem } from "../http/problem.ts";
import { tenantSettings } from "../tenants/schema.ts";

/** A call that was granted and has not begun counts as one for so long: time to join, with something to spare. */
const PLACE_MS = 120_000;
const RETRY_S = { maxConcurrentCalls: 10, maxMinutesPerMonth: 3_600 };

/** Told when a tenant was refused for its quota. */
export type Refused = (tenantId: string, limit: "maxConcurrentCalls" | "maxMinutesPerMonth", most: number) => unknown;

/**
 * To be asked before these calls are made; they have their places then. Whoever has no tenant has no quota.
 * Throws HttpProblem 429 `quota-exceeded`.
 */
export type RefuseOverQuota = (tenantId: string | null, callIds: readonly string[]) => Promise<void>;

export function quotas(store: Pick<Store, "tenants" | "places">, refused: Refused = () => undefined): RefuseOverQuota {
  return async (tenantId, callIds) => {
    if (tenantId === null || callIds.length === 0) return;
    const tenant = await store.tenants.get(tenantId);
    const { maxConcurrentCalls, maxMinutesPerMonth } = tenantSettings.parse(tenant?.settings ?? {});
    if (tenant === null || (maxConcurrentCalls === null && maxMinutesPerMonth === null)) return;
    const limits = { maxCalls: maxConcurrentCalls, maxMinutes: maxMinutesPerMonth };
    const answer = await store.places.take({ tenantId, callIds, ...limits, placeMs: PLACE_MS });
    if (answer.granted) return;
    const { limit, used } = answer;
    const most = (limit === "maxConcurrentCalls" ? maxConcurrentCalls : maxMinutesPerMonth) ?? 0;
    await refused(tenantId, limit, most);
    const detail =
      limit === "maxConcurrentCalls"
        ? `${used} of ${most} calls at once are taken: end one, or have the tenant's maxConcurrentCalls raised.`
        : `${used} of ${most} minutes of this month are used: have the tenant's maxMinutesPerMonth raised.`;
    throw new HttpProblem(429, "quota-exceeded", detail, { "retry-after": String(RETRY_S[limit]) });
  };
}
