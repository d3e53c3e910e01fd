import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance, FastifySchema } from "fastify";
import { z } from "zod";
import type { Access } from "../access/principal.ts";
import { problemSchema } from "../http/problem.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Set by a plugin for its own routes: anybody may use them, and they are no part of the API. */
    openToAll: boolean;
  }
}

const PARTS = ["body", "querystring", "params", "headers"] as const;

/**
 * `GET /openapi.json` is made from the routes' own zod schemas, `GET /docs` shows it. Before any route is added: a route
 * without a summary, or that says nothing of who may use it, stops the start.
 */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  app.decorate("openToAll", false);
  app.addHook("onRoute", function (route) {
    if (this.openToAll) {
      route.config = { ...route.config, access: "public" };
      route.schema = { ...route.schema, hide: true };
    }
    const { url, method, schema, config } = route;
    if (config?.access === undefined) throw new Error(`${method} ${url}: config.access does not say who may use it`);
    if (schema?.hide !== true && schema?.summary === undefined) throw new Error(`${method} ${url} has no summary`);
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Parley", version, description: "Voice agents on LiveKit: calls, agents, tenants, keys." },
      components: {
        securitySchemes: {
          key: { type: "http", scheme: "bearer", description: "PARLEY_API_KEY, or a key made by POST /api/keys" },
          publishable: { type: "apiKey", in: "query", name: "key", description: "An app's publishable key" },
        },
        schemas: { Problem: jsonSchema(problemSchema, "output") as object },
      },
    },
    transform: ({ schema, url, route }) => ({
      url,
      schema: described(schema as FastifySchema & Record<string, unknown>, route.config?.access),
    }),
  });
  await app.register(async (docs) => {
    docs.openToAll = true;
    await docs.register(swaggerUi, { routePrefix: "/docs", uiConfig: { persistAuthorization: false } });
  });
  app.get(
    "/openapi.json",
    { config: { access: "public" }, schema: { summary: "This description", tags: ["server"] } },
    async (_request, reply) => reply.type("application/json").serializer(JSON.stringify).send(app.swagger()),
  );
}

function described(schema: Record<string, unknown> | undefined, access: Access | undefined): FastifySchema {
  if (schema === undefined) return {};
  const { response, ...rest } = schema;
  const parts: Record<string, unknown> = { ...rest };
  for (const part of PARTS) if (schema[part] instanceof z.ZodType) parts[part] = jsonSchema(schema[part], "input");
  const answers = Object.entries((response ?? {}) as Record<string, unknown>).map(([status, answer]) => [
    status,
    answer instanceof z.ZodType ? jsonSchema(answer, "output") : answer,
  ]);
  const problem = {
    description: "What went wrong, and what to do",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  parts.response = { ...Object.fromEntries(answers), "4XX": problem, "5XX": problem };
  parts.security = securityOf(access);
  return parts as FastifySchema;
}

function securityOf(access: Access | undefined): Record<string, string[]>[] {
  if (access === "public" || access === "itself" || access === undefined) return [];
  return access === "token" ? [{ key: [] }, { publishable: [] }] : [{ key: [] }];
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): unknown {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12" });
  return rest;
}
