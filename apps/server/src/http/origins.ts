import type { FastifyInstance } from "fastify";
import { HttpProblem } from "./problem.ts";

const LOOPBACK_HOST = /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?$/i;

export interface OriginRules {
  /** No key is asked for. */
  open: boolean;
  allowedOrigins: readonly string[];
}

/** Its publishable keys name the pages that may use them: those are looked at with the key, by its route. */
const TOKEN = "/api/token";
const HEADERS = "content-type, authorization, idempotency-key, if-match";

/**
 * Who may speak to the API from a browser: our own page, the origins that the configuration names, and where no key is
 * asked for any page of this machine. There a request must also be *addressed* to loopback: else a foreign page could
 * reach us by a name of its own that leads here (DNS rebinding).
 */
export function guardOrigins(app: FastifyInstance, rules: OriginRules): void {
  app.addHook("onRequest", async (request, reply) => {
    const { host = "", origin } = request.headers;
    if (rules.open && !LOOPBACK_HOST.test(host)) {
      throw new HttpProblem(
        403,
        "host-not-trusted",
        `Without PARLEY_API_KEY this server answers to 127.0.0.1 and localhost, not to ${JSON.stringify(host)}. Set one to serve others.`,
      );
    }
    if (origin === undefined) return;
    reply.header("vary", "Origin");
    const judgedLater = !rules.open && request.url.split("?")[0] === TOKEN;
    if (!judgedLater) refuseForeign(origin, host, rules);
    reply.header("access-control-allow-origin", origin);
    reply.header("access-control-expose-headers", "x-request-id, retry-after, etag, idempotent-replayed");
    if (request.method === "OPTIONS") {
      await reply
        .code(204)
        .headers({
          "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
          "access-control-allow-headers": HEADERS,
          "access-control-max-age": "600",
        })
        .send();
    }
  });
}

/** Throws HttpProblem 403 `origin-not-allowed`. */
export function refuseForeign(origin: string | undefined, host: string, rules: OriginRules): void {
  if (origin === undefined || isAllowed(origin, host, rules)) return;
  throw new HttpProblem(
    403,
    "origin-not-allowed",
    `Pages of ${JSON.stringify(origin)} may not use this: add that origin to PARLEY_ALLOWED_ORIGINS, or to the app whose key it is.`,
  );
}

function isAllowed(origin: string, host: string, { open, allowedOrigins }: OriginRules): boolean {
  if (allowedOrigins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  // By host only: behind a proxy that ends TLS the page's https is our http.
  if (page.host === host.replace(/:(80|443)$/, "")) return true;
  return open && /^https?:$/.test(page.protocol) && LOOPBACK_HOST.test(page.host);
}
