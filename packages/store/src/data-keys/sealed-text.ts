import type { Box } from "@parley/engine/sealing";

/** Texts in columns that also hold plain ones. */
const SEALED = "k1.";

export function sealText(box: Box | null | undefined, text: string, about: string): string {
  return box ? `${SEALED}${box.seal(text, about).toString("base64url")}` : text;
}

/** A plain text as it is; null when the key is gone. */
export function openText(box: Box | null | undefined, text: string, about: string): string | null {
  if (!isSealedText(text)) return text;
  return box?.open(Buffer.from(text.slice(SEALED.length), "base64url"), about)?.toString("utf8") ?? null;
}

export function isSealedText(text: unknown): text is string {
  return typeof text === "string" && text.startsWith(SEALED);
}
