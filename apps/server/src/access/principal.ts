import type { AppRow } from "@parley/store";
import { HttpProblem } from "../http/problem.ts";
import { permits, type Scope } from "./scopes.ts";

/** Who sent a request. */
export type Principal =
  /** The bearer of PARLEY_API_KEY. */
  | { kind: "root" }
  /** This machine, where no PARLEY_API_KEY is set. */
  | { kind: "local" }
  /** `tenantId` null: of every tenant. */
  | { kind: "key"; keyId: string; tenantId: string | null; scopes: readonly string[] }
  /** Whoever has a page's publishable key: everybody. */
  | { kind: "app"; app: Pick<AppRow, "appId" | "tenantId" | "allowedOrigins" | "agents" | "tokensPerMinute"> }
  /** Nobody in particular: a route that anybody may use, or one that looks at the request's signature itself. */
  | { kind: "anyone" };

/**
 * Who may use a route: the bearer of a key with this scope; `token`: that of calls:write, or of a publishable key;
 * `public`: anybody; `itself`: the route checks (a signature, a ticket, its own key).
 */
export type Access = Scope | "token" | "public" | "itself";

/** As the audit log and a write's idempotency key name it. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case "key":
      return `key:${principal.keyId}`;
    case "app":
      return `app:${principal.app.appId}`;
    default:
      return principal.kind;
  }
}

/** Whether a key of its kind is good for this. */
export function mayDo(principal: Principal, scope: Scope): boolean {
  if (principal.kind === "key") return permits(principal.scopes, scope);
  return principal.kind === "root" || principal.kind === "local";
}

/** What it sees: one tenant's, or (undefined) everything. */
export function tenantSeenBy(principal: Principal): string | undefined {
  if (principal.kind === "key") return principal.tenantId ?? undefined;
  // What belongs to nobody is not a stranger's either: no tenant has an empty id.
  if (principal.kind === "app") return principal.app.tenantId ?? "";
  if (principal.kind === "anyone") return "";
  return undefined;
}

/**
 * Whose something new will be. Only who sees every tenant may name one; null: nobody's in particular.
 * Throws HttpProblem 404 `tenant-not-found`: what one may not see is not there.
 */
export async function tenantOfNew(
  principal: Principal,
  asked: string | null | undefined,
  exists: (tenantId: string) => Promise<boolean>,
): Promise<string | null> {
  const own = principal.kind === "app" ? (principal.app.tenantId ?? undefined) : tenantSeenBy(principal);
  if (own !== undefined && own !== "") {
    if (asked == null || asked === own) return own;
  } else if (asked == null) return null;
  else if (principal.kind !== "app" && principal.kind !== "anyone" && (await exists(asked))) return asked;
  throw new HttpProblem(404, "tenant-not-found", `There is no tenant ${JSON.stringify(asked)}.`);
}
