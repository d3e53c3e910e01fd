import type { Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { HttpProblem } from "../http/problem.ts";

/** A minute of speech each way, as base64 within JSON, and something to spare. */
const MOST_BYTES = 12 * 1024 * 1024;
const params = z.object({ parcelId: z.string().regex(/^[\w-]{1,64}$/) });

export interface ParcelOptions {
  store: Pick<Store, "parcels">;
  /** The name of the worker whose key it is; null: nobody's. */
  workerKey(key: string): Promise<string | null>;
  /** Somebody without a good key. Throws HttpProblem 429. */
  refused(request: FastifyRequest): Promise<void>;
}

/** For workers alone: sound that is too large for their line. See docs/uplink.md. */
export async function parcelRoutes(app: FastifyInstance, { store, workerKey, refused }: ParcelOptions): Promise<void> {
  async function admit(request: FastifyRequest): Promise<void> {
    const key = /^Bearer (\S{1,256})$/i.exec(request.headers.authorization ?? "")?.[1];
    if (key !== undefined && (await workerKey(key)) !== null) return;
    await refused(request);
    throw new HttpProblem(401, "worker-key-unknown", "Only workers exchange sound here, with their own key.");
  }

  // In a scope of its own: bodies that are no JSON are taken here alone.
  await app.register(async (scope) => {
    scope.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    const config = { access: "itself", rateLimit: false } as const;

    scope.get<{ Params: z.infer<typeof params> }>(
      "/uplink/parcels/:parcelId",
      { config, schema: { params, hide: true }, onRequest: admit },
      async ({ params: { parcelId } }, reply) => {
        const body = await store.parcels.get(parcelId);
        if (body === null) throw notFound();
        return reply.type("application/octet-stream").header("cache-control", "no-store").send(body);
      },
    );

    scope.put<{ Params: z.infer<typeof params> }>(
      "/uplink/parcels/:parcelId",
      { config, schema: { params, hide: true }, onRequest: admit, bodyLimit: MOST_BYTES },
      async ({ params: { parcelId }, body }, reply) => {
        if (!Buffer.isBuffer(body) || !(await store.parcels.fill(parcelId, body))) throw notFound();
        return reply.code(204).send();
      },
    );
  });
}

const notFound = (): HttpProblem => new HttpProblem(404, "parcel-not-found", "Nobody waits for this any more.");
