import { z } from "zod";

const field = z.string().min(1).nullable().catch(null).default(null);

/** What a room's metadata says about its call. Every field may be missing: rooms are also made by others. */
const roomMetadataSchema = z.object({
  callId: field,
  agentId: field,
  tenantId: field,
  language: field,
  from: field,
  to: field,
});

export type RoomMetadata = z.infer<typeof roomMetadataSchema>;

/** Reads a room's (or a dispatch's) metadata; what is missing, broken or of another type is null. Never throws. */
export function parseRoomMetadata(text: string): RoomMetadata {
  const result = roomMetadataSchema.safeParse(parseMetadata(text));
  return result.success ? result.data : roomMetadataSchema.parse({});
}

export function formatRoomMetadata(metadata: Partial<RoomMetadata>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(metadata).filter(([, value]) => value != null)));
}

/** Metadata of a participant or a room: parsed when it is JSON, else the text itself. Never throws. */
export function parseMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
