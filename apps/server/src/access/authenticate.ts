import { createHash, timingSafeEqual } from "node:crypto";
import type { Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpProblem } from "../http/problem.ts";
import type { Access, Principal } from "./principal.ts";
import { permits, type Scope } from "./scopes.ts";

declare module "fastify" {
  interface FastifyRequest {
    principal: Principal;
  }
  interface FastifyContextConfig {
    /** A route that says nothing of it is refused to everybody. */
    access?: Access;
  }
}

export const PUBLISHABLE = "pk_";
export const SECRET = "sk_";

export interface AuthenticateOptions {
  /** PARLEY_API_KEY; null: this machine is trusted (guardOrigins sees to it that it is this machine). */
  apiKey: string | null;
  store: Pick<Store, "apiKeys" | "apps">;
  /** The page that we serve ourselves, when it may be used by strangers. */
  ownApp: (Extract<Principal, { kind: "app" }>["app"] & { publishableKey: string }) | null;
  /** Somebody without a good key: who tries many of them is slowed. Throws HttpProblem 429. */
  refused(request: FastifyRequest): Promise<void>;
}

/** Who sent it, if that one may do this. Throws HttpProblem 401, 403, 429. */
export type Identify = (request: FastifyRequest, access: Scope) => Promise<Principal>;

/**
 * Every request has a principal from here on, and none gets to a route that it may not use. For routes that check
 * themselves, it gives what looks at a key.
 */
export function authenticate(app: FastifyInstance, options: AuthenticateOptions): Identify {
  const { apiKey, store, ownApp } = options;
  const isRoot = sameAs(apiKey);
  const anyone: Principal = { kind: "anyone" };
  app.decorateRequest<Principal | null>("principal", null);

  app.addHook("onRequest", async (request) => {
    request.principal = anyone;
    const { access } = request.routeOptions.config;
    // An address that leads nowhere is answered with 404 to everybody.
    if (request.is404 || access === "public" || access === "itself") return;
    if (access === undefined) throw new HttpProblem(403, "not-open", "Nobody may use this address.");
    request.principal = await permitted(request, access);
  });

  async function permitted(request: FastifyRequest, access: Access): Promise<Principal> {
    try {
      const principal = await identify(request, access);
      authorise(principal, access);
      return principal;
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 401) await options.refused(request);
      throw error;
    }
  }

  async function identify(request: FastifyRequest, access: Access): Promise<Principal> {
    const key = bearer(request.headers) ?? (access === "token" ? keyInAddress(request) : undefined);
    if (key === undefined) {
      if (apiKey === null && request.headers.authorization === undefined) return { kind: "local" };
      throw unauthorised(
        "api-key-missing",
        "Send a key as Authorization: Bearer <key>: the server's PARLEY_API_KEY, or one made by POST /api/keys.",
      );
    }
    if (isRoot(key)) return { kind: "root" };
    if (key.startsWith(PUBLISHABLE)) {
      const app = key === ownApp?.publishableKey ? ownApp : await store.apps.find(key);
      if (app) return { kind: "app", app };
    } else if (key.startsWith(SECRET)) {
      const found = await store.apiKeys.find(key);
      if (found) return { kind: "key", keyId: found.keyId, tenantId: found.tenantId, scopes: found.scopes };
    }
    throw unauthorised("api-key-unknown", "This key is unknown, expired or revoked. Make another by POST /api/keys.");
  }

  return permitted;
}

function authorise(principal: Principal, access: Access): void {
  const wanted = access === "token" ? "calls:write" : access;
  if (wanted === "public" || wanted === "itself") return;
  if (principal.kind === "app" && access !== "token") {
    throw new HttpProblem(403, "key-publishable", "A publishable key is good for POST /api/token alone.");
  }
  if (principal.kind === "key" && !permits(principal.scopes, wanted)) {
    throw new HttpProblem(403, "scope-missing", `This key lacks the scope ${wanted}.`);
  }
}

function unauthorised(code: string, detail: string): HttpProblem {
  return new HttpProblem(401, code, detail, { "www-authenticate": 'Bearer realm="parley"' });
}

/** The key that a request was sent with. */
export function bearer(headers: FastifyRequest["headers"]): string | undefined {
  return /^Bearer (\S{1,256})$/i.exec(headers.authorization ?? "")?.[1];
}

/** For clients that take an address and no header: LiveKit's starter apps. Only a publishable key may stand there. */
function keyInAddress(request: FastifyRequest): string | undefined {
  const { key } = request.query as { key?: unknown };
  return typeof key === "string" && key.startsWith(PUBLISHABLE) && key.length <= 256 ? key : undefined;
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** Compared as hashes, so neither length nor content shows in the time it takes. Null is like nothing. */
export function sameAs(secret: string | null): (given: string) => boolean {
  const expected = secret === null ? null : digest(secret);
  return (given) => expected !== null && timingSafeEqual(digest(given), expected);
}
