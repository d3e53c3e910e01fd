import type { FastifyInstance } from "fastify";
import { type AgentCard, pageConfig } from "./schema.ts";

export function pageConfigRoutes(
  app: FastifyInstance,
  { agents, livekitUrl, version }: { agents: readonly AgentCard[]; livekitUrl: string; version: string },
): void {
  app.get("/api/config", { schema: { response: { 200: pageConfig } } }, async (_request, reply) => {
    reply.header("cache-control", "no-cache");
    return { agents: [...agents], livekitUrl, version };
  });
}
