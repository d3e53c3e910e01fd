import type { FastifyInstance } from "fastify";
import { HttpProblem } from "./problem.ts";

const LOOPBACK_HOST = /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?$/i;

export interface OriginRules {
  production: boolean;
  allowedOrigins: readonly string[];
}

/**
 * Who may speak to the API from a browser: our own page, the origins that the configuration names, and in development
 * any page of this machine. In development nothing is asked for a key, so a request must also be *addressed* to
 * loopback: else a foreign page could reach us by a name of its own that leads here (DNS rebinding).
 */
export function guardOrigins(app: FastifyInstance, rules: OriginRules): void {
  app.addHook("onRequest", async (request, reply) => {
    const { host = "", origin } = request.headers;
    if (!rules.production && !LOOPBACK_HOST.test(host)) {
      throw new HttpProblem(
        403,
        "host-not-trusted",
        `In development this server answers to 127.0.0.1 and localhost, not to ${JSON.stringify(host)}. Set NODE_ENV=production to serve others.`,
      );
    }
    if (!request.url.startsWith("/api/") || origin === undefined) return;
    reply.header("vary", "Origin");
    if (!isAllowed(origin, host, rules)) {
      throw new HttpProblem(
        403,
        "origin-not-allowed",
        `Pages of ${JSON.stringify(origin)} may not use this server: add that origin to PARLEY_ALLOWED_ORIGINS.`,
      );
    }
    reply.header("access-control-allow-origin", origin);
    reply.header("access-control-expose-headers", "x-request-id, retry-after");
    if (request.method === "OPTIONS") {
      await reply
        .code(204)
        .headers({
          "access-control-allow-methods": "GET, POST",
          "access-control-allow-headers": "content-type, authorization",
          "access-control-max-age": "600",
        })
        .send();
    }
  });
}

function isAllowed(origin: string, host: string, { production, allowedOrigins }: OriginRules): boolean {
  if (allowedOrigins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  // By host only: behind a proxy that ends TLS the page's https is our http.
  if (page.host === host.replace(/:(80|443)$/, "")) return true;
  return !production && /^https?:$/.test(page.protocol) && LOOPBACK_HOST.test(page.host);
}
