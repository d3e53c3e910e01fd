import { expect, it } from "vitest";
import { emptyTranscript, mergeTranscript, type TranscriptPiece } from "./transcript.ts";

const piece = (segmentId: string, text: string, patch: Partial<TranscriptPiece> = {}): TranscriptPiece => ({
  segmentId,
  text,
  streamOrder: 1,
  who: "agent",
  participantId: "agent-1",
  final: false,
  atMs: 0,
  ...patch,
});
const merge = (...pieces: TranscriptPiece[]) => pieces.reduce(mergeTranscript, emptyTranscript).entries;

it("keeps the place and the time of a segment's first piece", () => {
  const entries = merge(
    piece("a", "One"),
    piece("b", "Two", { atMs: 5 }),
    piece("a", "One.", { atMs: 9, final: true }),
  );
  expect(entries.map((entry) => [entry.id, entry.text, entry.startedAtMs])).toEqual([
    ["a", "One.", 0],
    ["b", "Two", 5],
  ]);
});

it("drops what an older stream says after a newer one spoke", () => {
  const entries = merge(piece("a", "newer", { streamOrder: 2 }), piece("a", "older", { streamOrder: 1 }));
  expect(entries[0]?.text).toBe("newer");
});

it("lets a final be replaced by a final only", () => {
  const final = piece("a", "All of it", { final: true });
  expect(merge(final, piece("a", "All", { streamOrder: 2 }))[0]?.text).toBe("All of it");
  expect(merge(final, piece("a", "All", { streamOrder: 2, final: true }))[0]?.text).toBe("All");
});

it("takes away what turned out to be nothing", () => {
  expect(merge(piece("a", "hm"), piece("a", " ", { final: true }))).toEqual([]);
  expect(merge(piece("a", ""))).toEqual([]);
});

it("gives back the same transcript when nothing changed", () => {
  const once = mergeTranscript(emptyTranscript, piece("a", "same"));
  expect(mergeTranscript(once, piece("a", "same"))).toBe(once);
});

it("is bounded: the oldest go", () => {
  let transcript = emptyTranscript;
  for (let n = 0; n < 2_010; n += 1) transcript = mergeTranscript(transcript, piece(`s${n}`, "x"));
  expect(transcript.entries).toHaveLength(2_000);
  expect(transcript.lastStream.size).toBe(2_000);
  expect(transcript.entries[0]?.id).toBe("s10");
});
