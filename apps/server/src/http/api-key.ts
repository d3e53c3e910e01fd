import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();

/** Whether the request bears the server's key; without one in its configuration none does. */
export function bearsApiKey(apiKey: string | null): (request: FastifyRequest) => boolean {
  const expected = apiKey === null ? null : digest(apiKey);
  return ({ headers }) => {
    const given = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
    // Compared as hashes, so neither length nor content shows in the time it takes.
    return given !== undefined && expected !== null && timingSafeEqual(digest(given), expected);
  };
}

/**
 * A check for routes that show calls. In development they are open (only loopback gets that far); in production they
 * want `Authorization: Bearer <PARLEY_API_KEY>`.
 */
export function apiKeyCheck({ production, apiKey }: { production: boolean; apiKey: string | null }) {
  const bears = bearsApiKey(apiKey);
  return async (request: FastifyRequest): Promise<void> => {
    if (!production || bears(request)) return;
    const detail =
      apiKey === null
        ? "This server has no PARLEY_API_KEY, so nobody may read its calls. Set one and send it as a bearer token."
        : "Send the server's PARLEY_API_KEY as Authorization: Bearer <key>.";
    throw new HttpProblem(401, "api-key", detail, { "www-authenticate": 'Bearer realm="parley"' });
  };
}
