import type { Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import { actorOf, tenantSeenBy } from "../access/principal.ts";

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

declare module "fastify" {
  interface FastifyContextConfig {
    /** What it changes is not for the audit log: a join, a message of a call. */
    isEveryday?: boolean;
  }
}

/** Every write of somebody with a key is remembered: who, what, how it ended. Never what was in it. */
export function auditWrites(app: FastifyInstance, store: Pick<Store, "audit">): void {
  app.addHook("onResponse", async (request, reply) => {
    const { principal, method } = request;
    const { config, url } = request.routeOptions;
    if (!WRITES.has(method) || principal.kind === "anyone" || principal.kind === "app" || config.isEveryday) return;
    const params = Object.entries((request.params ?? {}) as Record<string, string>)
      // Whom it was about is not remembered: they may be erased.
      .map(([name, value]) => (name === "userId" ? "(a person)" : value));
    try {
      await store.audit.add({
        tenantId: tenantSeenBy(principal) ?? null,
        actor: actorOf(principal),
        action: `${method} ${url ?? request.url.split("?")[0]}`.slice(0, 200),
        target: params.length > 0 ? params.join("/").slice(0, 300) : null,
        status: reply.statusCode,
        requestId: request.id,
        address: request.ip,
      });
    } catch (error) {
      request.log.error({ err: error }, "a write is missing in the audit log");
    }
  });
}
