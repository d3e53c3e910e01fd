import type { FastifyInstance } from "fastify";
import { type AgentCard, pageConfig } from "./schema.ts";

export function pageConfigRoutes(
  app: FastifyInstance,
  config: { agents: readonly AgentCard[]; livekitUrl: string; publishableKey: string | null; version: string },
): void {
  const schema = { summary: "What the talk page needs to know", tags: ["server"], response: { 200: pageConfig } };
  app.get("/api/config", { config: { access: "public" }, schema }, async (_request, reply) => {
    reply.header("cache-control", "no-cache");
    return { ...config, agents: [...config.agents] };
  });
}
