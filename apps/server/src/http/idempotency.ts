import { createHash } from "node:crypto";
import type { Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { actorOf } from "../access/principal.ts";
import { HttpProblem } from "./problem.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Its answer holds a secret, or somebody's voice, which is not kept: sent again it is refused with the fix. */
    answersSecret?: boolean;
  }
  interface FastifyRequest {
    idempotency: { owner: string; key: string } | null;
  }
}

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * A write with an `Idempotency-Key` is done once: sent again within a day it gets the first one's answer, with
 * `idempotent-replayed: true`. The key belongs to who sent it, and to that one request.
 */
export function idempotentWrites(app: FastifyInstance, store: Pick<Store, "idempotency">): void {
  app.decorateRequest("idempotency", null);

  app.addHook("preHandler", async (request, reply) => {
    const key = request.headers["idempotency-key"];
    if (key === undefined || !WRITES.has(request.method) || request.principal.kind === "anyone") return;
    if (typeof key !== "string" || !KEY.test(key)) {
      throw new HttpProblem(400, "idempotency-key-invalid", "Idempotency-Key has 1 to 255 printable characters.");
    }
    const owner = actorOf(request.principal);
    const begun = await store.idempotency.begin({ owner, key, requestSha256: hash(request) });
    switch (begun.state) {
      case "new":
        request.idempotency = { owner, key };
        return;
      case "running":
        throw new HttpProblem(409, "idempotency-running", "The same request runs already: try again in a moment.", {
          "retry-after": "1",
        });
      case "other-request":
        throw new HttpProblem(422, "idempotency-key-reused", "This Idempotency-Key was used for another request.");
      case "done":
        reply.header("idempotent-replayed", "true");
        if (begun.body === null) {
          throw new HttpProblem(
            409,
            "already-done",
            "This was done before; its answer held a secret or sound, which is not kept. Rotate a key to get a new one.",
          );
        }
        return reply
          .code(begun.status)
          .type(begun.status >= 400 ? "application/problem+json" : "application/json; charset=utf-8")
          .serializer((body: string) => body)
          .send(begun.body);
      default:
        begun satisfies never;
    }
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const mine = request.idempotency;
    if (mine === null) return;
    request.idempotency = null;
    const { statusCode: status } = reply;
    const isKept = status < 500 && status !== 409 && status !== 429;
    const body = request.routeOptions.config.answersSecret === true && status < 400 ? null : String(payload ?? "");
    try {
      await (isKept ? store.idempotency.finish(mine, { status, body }) : store.idempotency.forget(mine));
    } catch (error) {
      // The answer goes out all the same; a repeat is told that it runs, and is done anew in two minutes.
      request.log.warn({ err: error }, "an answer could not be kept for its repeats");
    }
  });
}

function hash({ method, url, body }: FastifyRequest): Buffer {
  return createHash("sha256")
    .update(`${method} ${url}\n${JSON.stringify(body ?? null)}`)
    .digest();
}
