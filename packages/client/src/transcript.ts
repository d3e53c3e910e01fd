import type { TranscriptEntry } from "./state.ts";

/** A piece of transcript as it came: the whole text so far of one segment. `streamOrder` grows with every stream that begins. */
export interface TranscriptPiece {
  segmentId: string;
  streamOrder: number;
  who: "user" | "agent";
  participantId: string;
  text: string;
  final: boolean;
  atMs: number;
}

/** The transcript, and which stream wrote each segment last. */
export interface Transcript {
  entries: readonly TranscriptEntry[];
  lastStream: ReadonlyMap<string, number>;
}

export const emptyTranscript: Transcript = { entries: [], lastStream: new Map() };

/** Older entries are dropped beyond this. */
const maxEntries = 2_000;

/**
 * Merges a piece by its segment id. Streams of one segment may overlap on the wire: what an older stream says after a
 * newer one has spoken is dropped. After a final text only another final counts (a reply cut to what was heard).
 * An empty text takes the entry away: nothing was said after all.
 */
export function mergeTranscript(transcript: Transcript, piece: TranscriptPiece): Transcript {
  const { entries, lastStream } = transcript;
  const index = entries.findLastIndex((entry) => entry.id === piece.segmentId);
  const existing = entries[index];
  if (piece.streamOrder < (lastStream.get(piece.segmentId) ?? 0)) return transcript;
  if (existing?.final && !piece.final) return transcript;
  if (existing?.text === piece.text && existing.final === piece.final) return transcript;

  const text = piece.text.trim() === "" ? "" : piece.text;
  const entry: TranscriptEntry = {
    id: piece.segmentId,
    who: piece.who,
    participantId: piece.participantId,
    text,
    final: piece.final,
    startedAtMs: existing?.startedAtMs ?? piece.atMs,
  };
  let next = entries;
  if (text === "") next = existing ? entries.filter((_, at) => at !== index) : entries;
  else if (existing) next = entries.with(index, entry);
  else next = [...entries, entry];

  const streams = new Map(lastStream).set(piece.segmentId, piece.streamOrder);
  for (const oldest of streams.keys()) {
    if (streams.size <= maxEntries) break;
    streams.delete(oldest);
  }
  return { entries: next.slice(-maxEntries), lastStream: streams };
}
