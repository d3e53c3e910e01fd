import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();

/**
 * A check for routes that show calls. In development they are open (only loopback gets that far); in production they
 * want `Authorization: Bearer <PARLEY_API_KEY>`.
 */
export function apiKeyCheck({ production, apiKey }: { production: boolean; apiKey: string | null }) {
  const expected = apiKey === null ? null : digest(apiKey);
  return async (request: FastifyRequest): Promise<void> => {
    if (!production) return;
    const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    // Compared as hashes, so neither length nor content shows in the time it takes.
    if (given !== undefined && expected !== null && timingSafeEqual(digest(given), expected)) return;
    const detail =
      expected === null
        ? "This server has no PARLEY_API_KEY, so nobody may read its calls. Set one and send it as a bearer token."
        : "Send the server's PARLEY_API_KEY as Authorization: Bearer <key>.";
    throw new HttpProblem(401, "api-key", detail, { "www-authenticate": 'Bearer realm="parley"' });
  };
}
