import type { CallRow, Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { type BeginningCalls, callNow } from "../calls/beginning.ts";
import { iso } from "../http/page.ts";
import { exported } from "./formats.ts";
import { readTranscript, shown } from "./read.ts";
import * as schema from "./schema.ts";

const tags = ["conversations"];
type Params = z.infer<typeof schema.conversationParams>;

export function conversationRoutes(
  app: FastifyInstance,
  {
    store,
    beginning,
  }: { store: Pick<Store, "calls" | "facts" | "tenants" | "projections">; beginning: BeginningCalls },
): void {
  app.get<{ Querystring: z.infer<typeof schema.conversationQuery> }>(
    "/api/conversations",
    {
      config: { access: "calls:read" },
      schema: {
        summary: "List conversations, or find them by what was said",
        description: "With q: also calls that go on, a moment behind; searchedUntil says how far.",
        tags,
        querystring: schema.conversationQuery,
        response: { 200: schema.conversationList },
      },
    },
    async ({ principal, query: { q, from, ...query } }, reply) => {
      // Asked first: what comes between the two is found and not promised.
      const searchedUntil = q === undefined ? null : await behind();
      const page = await store.calls.list({ ...query, since: from, words: q, tenantId: tenantSeenBy(principal) });
      reply.header("cache-control", "no-store");
      return { conversations: page.calls.map(shown), nextCursor: page.nextCursor, searchedUntil };
    },
  );

  app.get<{ Params: Params }>(
    "/api/conversations/:callId",
    {
      config: { access: "calls:read" },
      schema: {
        summary: "Who said what, the tools that ran, what was used",
        tags,
        params: schema.conversationParams,
        response: { 200: schema.transcript },
      },
    },
    async (request, reply) => {
      reply.header("cache-control", "no-store");
      return readTranscript(store, await seen(request));
    },
  );

  app.get<{ Params: Params; Querystring: z.infer<typeof schema.exportQuery> }>(
    "/api/conversations/:callId/export",
    {
      config: { access: "calls:read" },
      schema: {
        summary: "The transcript as a file: JSON, text, CSV or WebVTT",
        tags,
        params: schema.conversationParams,
        querystring: schema.exportQuery,
        response: {
          200: {
            description: "The file",
            content: Object.fromEntries(
              ["application/json", "text/plain", "text/csv", "text/vtt"].map((type) => [type, { schema: {} }]),
            ),
          },
        },
      },
    },
    async (request, reply) => {
      const { format } = request.query;
      const { contentType, body } = exported(await readTranscript(store, await seen(request)), format);
      return reply
        .headers({
          "cache-control": "no-store",
          // Nothing of it may be taken for a page of ours; ids have no character that a header could stumble over.
          "content-disposition": `attachment; filename="${request.params.callId}.${format}"`,
          "x-content-type-options": "nosniff",
        })
        .type(contentType)
        .serializer((text: string) => text)
        .send(body);
    },
  );

  async function behind(): Promise<string> {
    const lag = (await store.projections.lag()).find(({ projection }) => projection === "transcripts");
    return iso(lag?.since ?? new Date());
  }

  async function seen({ params, principal }: FastifyRequest): Promise<CallRow> {
    const { callId } = params as Params;
    return callNow(beginning, callId, tenantSeenBy(principal));
  }
}
