import { type StoredAgentDefinition, storedAgentSchema } from "@parley/agent/stored";
import type { AgentRow, Store, StoredAgent } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { tenantOfNew, tenantSeenBy } from "../access/principal.ts";
import { newId } from "../access/secrets.ts";
import { tagVersion, versionChanged, versionWanted } from "../http/etag.ts";
import { iso, nothing, pageQuery } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { requestProblem } from "../http/validation.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { hideHeaders, sealHeaders } from "./headers.ts";
import { type AgentChange, agent, agentChange, agentList, agentParams, type NewAgent, newAgent } from "./schema.ts";
import { refuseUnknownTools, type StoredWorkers } from "./stored.ts";

const tags = ["agents"];
/** Instructions may be long. */
const bodyLimit = 256 * 1024;

export interface AgentRouteOptions {
  store: Pick<Store, "agents" | "tenants">;
  secrets: Secrets;
  workers: StoredWorkers;
}

/** Agents that are made here, with no code. */
export function agentRoutes(app: FastifyInstance, { store, secrets, workers }: AgentRouteOptions): void {
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  app.post<{ Body: NewAgent }>(
    "/api/agents",
    {
      config: { access: "agents:write" },
      bodyLimit,
      schema: { summary: "Make an agent", tags, body: newAgent, response: { 201: agent } },
    },
    async ({ principal, body }, reply) => {
      const { tenantId: asked, ...definition } = body;
      const tenantId = await tenantOfNew(principal, asked, exists);
      refuseUnknownTools(definition, workers);
      const agentId = newId("agent");
      const sealed = sealHeaders(definition, agentId, secrets, null);
      const row = await store.agents.create({ agentId, tenantId, name: definition.name, definition: sealed });
      if (workers.connected().length === 0) workers.wanted();
      reply.code(201);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/agents",
    {
      config: { access: "agents:read" },
      schema: { summary: "List agents", tags, querystring: pageQuery, response: { 200: agentList } },
    },
    async ({ principal, query }) => {
      const page = await store.agents.list({ ...query, tenantId: tenantSeenBy(principal) });
      return { agents: page.items.map(summarised), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: z.infer<typeof agentParams> }>(
    "/api/agents/:agentId",
    {
      config: { access: "agents:read" },
      schema: { summary: "Read an agent", tags, params: agentParams, response: { 200: agent } },
    },
    async (request, reply) => {
      const row = await seenAgent(store, request, request.params.agentId);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  app.patch<{ Params: z.infer<typeof agentParams>; Body: AgentChange }>(
    "/api/agents/:agentId",
    {
      config: { access: "agents:write" },
      bodyLimit,
      schema: {
        summary: "Change an agent: a new version of it",
        description: "Fields that are not named stay, null takes one away. Running calls keep the version they have.",
        tags,
        params: agentParams,
        body: agentChange,
        response: { 200: agent },
      },
    },
    async (request, reply) => {
      const before = await seenAgent(store, request, request.params.agentId);
      const version = versionWanted(request) ?? before.version;
      const definition = changed(before.definition, request.body);
      if (request.body.tools) refuseUnknownTools(definition, workers);
      const { agentId } = before;
      const sealed = sealHeaders(definition, agentId, secrets, before.definition);
      const row = await store.agents.change(agentId, version, { name: definition.name, definition: sealed });
      if (row === null) throw versionChanged(`The agent ${JSON.stringify(agentId)}`);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  app.delete<{ Params: z.infer<typeof agentParams> }>(
    "/api/agents/:agentId",
    {
      config: { access: "agents:write" },
      schema: {
        summary: "Remove an agent",
        description: "No new calls; those that run go on with the version that they have.",
        tags,
        params: agentParams,
        response: { 204: nothing },
      },
    },
    async ({ principal, params }, reply) => {
      if (!(await store.agents.remove(params.agentId, tenantSeenBy(principal)))) throw notFound(params.agentId);
      return reply.code(204).send();
    },
  );
}

/** Throws HttpProblem 404 `agent-not-found`. */
export async function seenAgent(
  store: Pick<Store, "agents">,
  { principal }: FastifyRequest,
  agentId: string,
): Promise<StoredAgent> {
  const row = await store.agents.get(agentId, tenantSeenBy(principal));
  if (row === null) throw notFound(agentId);
  return row;
}

const notFound = (agentId: string): HttpProblem =>
  new HttpProblem(404, "agent-not-found", `There is no stored agent ${JSON.stringify(agentId)}.`);

function changed(before: Readonly<Record<string, unknown>>, change: AgentChange): StoredAgentDefinition {
  const merged = Object.entries({ ...hideHeaders(before), ...change }).filter(([, value]) => value != null);
  const result = storedAgentSchema.safeParse(Object.fromEntries(merged));
  if (!result.success) throw requestProblem(result.error);
  return result.data;
}

/** What it is comes first: nothing in it can pass for another id. */
export function shown({ definition, ...row }: StoredAgent): z.infer<typeof agent> {
  return { ...hideHeaders(definition), ...summarised(row) };
}

function summarised({ agentId, tenantId, name, version, createdAt, updatedAt }: AgentRow) {
  return { agentId, tenantId, name, version, createdAt: iso(createdAt), updatedAt: iso(updatedAt) };
}
