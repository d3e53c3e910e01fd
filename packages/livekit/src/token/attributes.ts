import { ParleyError } from "@parley/engine/error";

/** Attributes by which LiveKit, its agents, its SIP bridge and we ourselves speak to each other; a caller may not set them. */
const RESERVED = /^(lk|sip|parley)\./i;
/** livekit-server's default limits are 64,000 bytes each (config.go: max_attributes_size, max_metadata_size). */
const MAX_BYTES = 64_000;

/** A caller's attributes without the reserved ones. Throws ParleyError `attributes-too-large`. */
export function joinerAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(attributes).filter(([name]) => !RESERVED.test(name));
  const bytes = kept.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (bytes > MAX_BYTES) throw tooLarge("attributes", bytes);
  return Object.fromEntries(kept);
}

/** Throws ParleyError `metadata-too-large`. */
export function checkMetadata(metadata: string): void {
  const bytes = Buffer.byteLength(metadata);
  if (bytes > MAX_BYTES) throw tooLarge("metadata", bytes);
}

function tooLarge(what: "attributes" | "metadata", bytes: number): ParleyError {
  return new ParleyError(`The participant's ${what} are ${bytes} bytes; LiveKit takes at most ${MAX_BYTES}.`, {
    code: `${what}-too-large`,
    category: "refused",
  });
}
