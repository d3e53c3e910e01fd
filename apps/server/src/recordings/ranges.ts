import type { ByteRange } from "./storage/storage.ts";

export type WantedRange = ByteRange | "whole" | "none";

/**
 * What a `Range` header asks for (RFC 9110, section 14): one range of bytes, or everything when it says something else
 * or several. `none`: it begins behind the end.
 */
export function wantedRange(header: string | undefined, bytes: number): WantedRange {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(" ", "") ?? "") ?? [];
  if (first === "" && last === "") return "whole";
  if (first === "") {
    const start = Math.max(0, bytes - Number(last));
    return Number(last) === 0 || bytes === 0 ? "none" : { start, end: bytes };
  }
  if (last !== "" && Number(last) < Number(first)) return "whole";
  const [start, end] = [Number(first), last === "" ? bytes : Math.min(Number(last) + 1, bytes)];
  return start >= bytes ? "none" : { start, end };
}
