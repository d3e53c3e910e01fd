import { type RemoteError, type RemoteService, remoteError } from "./error.ts";

/** What an HTTP service said when it said no. */
export interface HttpRefusal {
  status: number;
  /** The body, cut to what a person may want to read. */
  body: string;
  /** `retry-after` (seconds or a date) and `retry-after-ms` headers. */
  retryAfter?: string | null | undefined;
  retryAfterMs?: string | null | undefined;
  cause?: unknown;
}

const LONGEST_DETAIL = 300;
/** Nobody on a call waits longer; a service that asks for more is as good as away. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Maps an HTTP error status to what it means for a call. Every vendor adapter that speaks HTTP uses it. */
export function httpError(service: RemoteService, refusal: HttpRefusal): RemoteError {
  const { status, cause } = refusal;
  const said = detail(refusal.body);
  const tail = said === "" ? "" : `: ${said}`;
  const make = (what: string, options: Parameters<typeof remoteError>[2]) =>
    remoteError(service, what, { cause, ...options });

  if (status === 401 || status === 403) {
    const what = `refused the key (HTTP ${status})${tail}. Set a valid API key for ${vendor(service)}`;
    return make(what, { code: "unauthorised", category: "unauthorised", retryable: false });
  }
  if (status === 404) {
    const what = `knows no model "${service.model}" (HTTP 404)${tail}. Name another model, or check the base URL`;
    return make(what, { code: "model-unknown", category: "configuration", retryable: false });
  }
  if (status === 429 && /insufficient_quota|billing/i.test(refusal.body)) {
    const what = `has no quota left (HTTP 429)${tail}. Check the account's plan and billing`;
    return make(what, { code: "no-quota", category: "refused", retryable: false });
  }
  if (status === 429) {
    const retryAfterMs = retryAfter(refusal);
    const wait = retryAfterMs === undefined ? "" : `; it asks to wait ${retryAfterMs} ms`;
    const what = `limits the rate (HTTP 429)${wait}${tail}`;
    return make(what, { code: "rate-limited", category: "rate-limited", retryable: true, retryAfterMs });
  }
  if (status === 408 || status >= 500) {
    const what = `failed (HTTP ${status})${tail}`;
    return make(what, {
      code: "provider-failed",
      category: "provider",
      retryable: true,
      retryAfterMs: retryAfter(refusal),
    });
  }
  if (status >= 300 && status < 400) {
    const what = `redirects elsewhere (HTTP ${status}). Set the base URL to where it points`;
    return make(what, { code: "redirected", category: "configuration", retryable: false });
  }
  const what = `refused the request (HTTP ${status})${tail}`;
  return make(what, { code: "refused", category: "refused", retryable: false });
}

/** Milliseconds to wait, from the two headers in use; undefined when neither can be read. */
function retryAfter(refusal: HttpRefusal): number | undefined {
  const ms = Number(refusal.retryAfterMs || Number.NaN);
  const seconds = Number(refusal.retryAfter || Number.NaN);
  const dated = Date.parse(refusal.retryAfter ?? "") - Date.now();
  const wait = [ms, seconds * 1000, dated].find((candidate) => Number.isFinite(candidate));
  return wait === undefined ? undefined : Math.round(Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER_MS));
}

/** The vendor's own sentence out of a JSON error (`{error: {message}}`, `{message}`, `{detail}`), else the text. */
function detail(body: string): string {
  let said: unknown = body;
  try {
    const parsed = JSON.parse(body);
    said = parsed?.error?.message ?? parsed?.error ?? parsed?.message ?? parsed?.detail ?? body;
  } catch {
    if (/^\s*</.test(body)) said = "a page of HTML";
  }
  const text = (typeof said === "string" ? said : JSON.stringify(said)).replace(/\s+/g, " ").trim();
  return text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL)}…` : text.replace(/\.$/, "");
}

function vendor(service: RemoteService): string {
  return service.name.split("/")[0] ?? service.name;
}
