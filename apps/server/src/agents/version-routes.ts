import type { AgentVersionRow, Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tagVersion, versionChanged, versionWanted } from "../http/etag.ts";
import { iso } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { hideHeaders } from "./headers.ts";
import { seenAgent, shown } from "./routes.ts";
import { agent, agentParams, agentVersion, agentVersionList, agentVersionParams, versionsQuery } from "./schema.ts";

const tags = ["agents"];

/** What an agent was, and back to it. */
export function agentVersionRoutes(app: FastifyInstance, store: Pick<Store, "agents">): void {
  app.get<{ Params: z.infer<typeof agentParams>; Querystring: z.infer<typeof versionsQuery> }>(
    "/api/agents/:agentId/versions",
    {
      config: { access: "agents:read" },
      schema: {
        summary: "List an agent's versions, newest first",
        tags,
        params: agentParams,
        querystring: versionsQuery,
        response: { 200: agentVersionList },
      },
    },
    async (request) => {
      const { agentId } = await seenAgent(store, request, request.params.agentId);
      const { limit, cursor } = request.query;
      const page = cursor === undefined ? { limit } : { limit, beforeVersion: Number(cursor) };
      const versions = await store.agents.versions(agentId, page);
      const last = versions.at(-1)?.version ?? 1;
      return {
        versions: versions.map(summarised),
        nextCursor: versions.length === limit && last > 1 ? String(last) : null,
      };
    },
  );

  app.get<{ Params: z.infer<typeof agentVersionParams> }>(
    "/api/agents/:agentId/versions/:version",
    {
      config: { access: "agents:read" },
      schema: {
        summary: "Read one version of an agent",
        tags,
        params: agentVersionParams,
        response: { 200: agentVersion },
      },
    },
    async (request) => {
      const { agentId } = await seenAgent(store, request, request.params.agentId);
      const row = await found(agentId, request.params.version);
      return { ...hideHeaders(row.definition), ...summarised(row) };
    },
  );

  app.post<{ Params: z.infer<typeof agentVersionParams> }>(
    "/api/agents/:agentId/versions/:version/restore",
    {
      config: { access: "agents:write" },
      schema: {
        summary: "Bring a version back, as a new one",
        tags,
        params: agentVersionParams,
        response: { 200: agent },
      },
    },
    async (request, reply) => {
      const { agentId, version: newest } = await seenAgent(store, request, request.params.agentId);
      const { definition, version: restoredFrom } = await found(agentId, request.params.version);
      const change = { name: String(definition.name), definition, restoredFrom };
      const row = await store.agents.change(agentId, versionWanted(request) ?? newest, change);
      if (row === null) throw versionChanged(`The agent ${JSON.stringify(agentId)}`);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  async function found(agentId: string, version: number): Promise<AgentVersionRow> {
    const row = await store.agents.version(agentId, version);
    if (row !== null) return row;
    const detail = `The agent ${JSON.stringify(agentId)} has no version ${version}.`;
    throw new HttpProblem(404, "agent-version-not-found", detail);
  }
}

function summarised({ agentId, version, restoredFrom, createdAt }: AgentVersionRow) {
  return { agentId, version, restoredFrom, createdAt: iso(createdAt) };
}
