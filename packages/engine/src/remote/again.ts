import { ParleyError } from "../error.ts";
import type { RemoteError } from "./error.ts";

const ORDINARY_MS = 150;
/** A caller waits meanwhile: whoever asks for more than this is not asked again. */
const LONGEST_MS = 1_000;

/**
 * How long to wait before a service that failed is asked once more; null: it should not be. A time-out is not repeated:
 * the caller has waited for it already.
 */
export function retryDelayMs(error: unknown): number | null {
  if (!(error instanceof ParleyError) || !error.retryable || error.category === "timeout") return null;
  const asksMs = (error as RemoteError).retryAfterMs ?? ORDINARY_MS;
  return asksMs <= LONGEST_MS ? asksMs : null;
}
