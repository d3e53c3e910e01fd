import { StoreError } from "./error.ts";

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
]);

/** `host:port/database` of a Postgres URL, without user and password. */
export function redactedTarget(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.hostname}:${parsed.port || "5432"}${parsed.pathname}`;
  } catch {
    return "(not a URL)";
  }
}

/** Turns whatever pg or drizzle threw into a StoreError that says what to do. SQLSTATE: Postgres manual, appendix A. */
export function asStoreError(error: unknown, target: string): StoreError {
  if (error instanceof StoreError) return error;
  const origin = rootCause(error);
  const code = codeOf(origin);
  const message = origin instanceof Error ? origin.message || code : String(origin);

  if (
    networkCodes.has(code) ||
    /Connection (terminated|ended)|connection timeout|timeout exceeded when trying|not queryable|client (was closed|has been closed)/i.test(
      message,
    )
  ) {
    return new StoreError(
      `Postgres at ${target} cannot be reached (${message}). Is it running, and is DATABASE_URL right?`,
      {
        code: "store-unreachable",
        category: "network",
        retryable: true,
        cause: error,
      },
    );
  }
  if (code === "28P01" || code === "28000") {
    return new StoreError(`Postgres at ${target} refused the user or password of DATABASE_URL (${message}).`, {
      code: "store-login-refused",
      category: "configuration",
      cause: error,
    });
  }
  if (code === "3D000") {
    return new StoreError(`Postgres at ${target} has no such database: create it, or correct DATABASE_URL.`, {
      code: "store-no-database",
      category: "configuration",
      cause: error,
    });
  }
  if (code === "57014" || /Query read timeout/i.test(message)) {
    return new StoreError(`Postgres at ${target} took too long over a statement.`, {
      code: "store-timeout",
      category: "timeout",
      retryable: true,
      cause: error,
    });
  }
  // 08 connection, 53 out of resources, 57P shutting down or starting, 40 serialisation and deadlock.
  const passing = /^(08|53|57P|40)/.test(code);
  return new StoreError(`Postgres at ${target}: ${message}${code ? ` (${code})` : ""}`, {
    code: passing ? "store-busy" : "store-failed",
    category: passing ? "network" : "internal",
    retryable: passing,
    cause: error,
  });
}

/** The SQLSTATE or system code of an error or of what caused it. */
export function codeOf(error: unknown): string {
  const origin = rootCause(error) as { code?: unknown } | null;
  return typeof origin?.code === "string" ? origin.code : "";
}

function rootCause(error: unknown): unknown {
  let origin = error;
  for (let depth = 0; depth < 5; depth += 1) {
    if (origin instanceof AggregateError && origin.errors.length > 0) origin = origin.errors[0];
    else if (origin instanceof Error && origin.cause !== undefined) origin = origin.cause;
    else break;
  }
  return origin;
}
