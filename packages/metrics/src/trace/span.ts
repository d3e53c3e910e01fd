import { createHash } from "node:crypto";

/** A piece of a call's time, as processes tell each other; times are wall clock, ms. */
export interface Span {
  /** 32 hex digits, the same for all of a call. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  parentId: string | null;
  name: string;
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number | boolean>;
  /** What went wrong; null: nothing did. */
  error: string | null;
}

const hex = (text: string, digits: number): string => createHash("sha256").update(text).digest("hex").slice(0, digits);

/** Made from what they are of, so that every process that runs a part of a call, and whoever looks for it, has the same. */
export const traceIdOf = (callId: string): string => hex(callId, 32);
export const spanIdOf = (callId: string, what: string): string => hex(`${callId} ${what}`, 16);
