import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from "fastify";
import { HttpProblem } from "../http/problem.ts";

/** Requests with sound that one replica has in its memory at once. */
const MOST_AT_ONCE = 32;
/** As any other request. */
const SMALL_BYTES = 64 * 1024;

const counts = new WeakMap<FastifyInstance, Set<FastifyRequest>>();

/** For routes that take sound: bodies of that size are read a few at a time. Refused: HttpProblem 503 `too-much-sound`. */
export function manySounds(
  app: FastifyInstance,
): Pick<RouteShorthandOptions, "onRequest" | "onResponse" | "onRequestAbort"> {
  const present = counts.get(app) ?? new Set();
  counts.set(app, present);
  const gone = async (request: FastifyRequest): Promise<void> => void present.delete(request);
  return {
    async onRequest(request) {
      if (Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= SMALL_BYTES) return;
      if (present.size >= MOST_AT_ONCE)
        throw new HttpProblem(503, "too-much-sound", "Many others send sound now: try again in a moment.", {
          "retry-after": "2",
        });
      present.add(request);
    },
    onResponse: gone,
    onRequestAbort: gone,
  };
}
