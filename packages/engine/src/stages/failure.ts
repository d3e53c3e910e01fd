import type { Failure } from "@parley/conversation";
import { asParleyError, type ParleyError } from "../error.ts";
import { redact } from "../remote/index.ts";

/** An error as facts carry it: bounded, without secrets. */
export function toFailure(error: unknown, code: string): Failure {
  const known = asParleyError(error, { code, category: "internal" });
  const message = redact(known.message, []).slice(0, 500);
  return { code: known.code, category: known.category, message, retryable: known.retryable };
}

export function isCancelled(error: unknown): boolean {
  return (error as ParleyError | null)?.category === "cancelled";
}
