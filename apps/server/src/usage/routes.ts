import type { ModelUsageRow, Store, UsageRow } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { iso } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { usageAnswer, type usageLine, usageQuery } from "./schema.ts";

const DAY_MS = 24 * 3_600_000;
const MOST_DAYS = 1_000;

export function usageRoutes(
  app: FastifyInstance,
  store: Pick<Store, "usage" | "projections">,
  now: () => number = Date.now,
): void {
  app.get<{ Querystring: z.infer<typeof usageQuery> }>(
    "/api/usage",
    {
      config: { access: "usage:read" },
      schema: {
        summary: "What calls used, by day, month, agent, model or provider",
        description: "A call counts on the day (UTC) on which it began. Counted from the calls' logs, moments behind.",
        tags: ["usage"],
        querystring: usageQuery,
        response: { 200: usageAnswer },
      },
    },
    async ({ principal, query }, reply) => {
      const { by } = query;
      const today = dayOf(now());
      const from = query.from ?? `${today.slice(0, 7)}-01`;
      const to = query.to ?? dayOf(now() + DAY_MS);
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
      if (days < 0 || days > MOST_DAYS) {
        const detail = `"to" must lie behind "from" (${from}), by ${MOST_DAYS} days at most.`;
        throw new HttpProblem(400, "period-invalid", detail);
      }
      const own = tenantSeenBy(principal);
      if (own !== undefined && query.tenantId !== undefined && query.tenantId !== own) {
        const detail = `There is no tenant ${JSON.stringify(query.tenantId)}.`;
        throw new HttpProblem(404, "tenant-not-found", detail);
      }
      // Asked first: what comes between the two is counted and not promised.
      const lag = (await store.projections.lag()).find(
        ({ projection }) => projection === (isModels(by) ? "usage-of-models" : "usage"),
      );
      const period = { from, to, tenantId: own ?? query.tenantId };
      const usage = isModels(by)
        ? (await store.usage.sumOfModels({ ...period, by })).map(shownModel)
        : (await store.usage.sum({ ...period, by })).map(shown);
      reply.header("cache-control", "no-store");
      return { from, to, by, usage, asOf: iso(lag?.since ?? new Date(now())) };
    },
  );
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const isModels = (by: z.infer<typeof usageQuery>["by"]): by is "model" | "provider" =>
  by === "model" || by === "provider";
const rounded = (value: number) => Math.round(value * 100) / 100;

function shown({ key, callMs, transcribedMs, spokenMs, ...counts }: UsageRow): z.infer<typeof usageLine> {
  return {
    key,
    ...counts,
    minutes: rounded(callMs / 60_000),
    transcribedSeconds: rounded(transcribedMs / 1_000),
    spokenSeconds: rounded(spokenMs / 1_000),
    requests: null,
    madeSeconds: null,
  };
}

function shownModel({ transcribedMs, madeMs, ...counts }: ModelUsageRow): z.infer<typeof usageLine> {
  return {
    ...counts,
    minutes: null,
    transcribedSeconds: rounded(transcribedMs / 1_000),
    spokenSeconds: null,
    madeSeconds: rounded(madeMs / 1_000),
  };
}
