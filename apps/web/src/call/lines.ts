import type { ChatMessage, TranscriptEntry } from "@parley/client";

/** Something said or typed, as the page lists it. */
export interface Line {
  key: string;
  who: "user" | "agent";
  participantId: string;
  text: string;
  final: boolean;
  /** Null: spoken. */
  typed: ChatMessage["delivery"] | null;
  atMs: number;
}

/** Speech and chat in the order in which they began. */
export function linesOf(transcript: readonly TranscriptEntry[], chat: readonly ChatMessage[]): Line[] {
  const spoken = transcript.map(
    (entry): Line => ({
      // A new key when it becomes final: screen readers announce additions, and only final text should be announced.
      key: `${entry.id}:${entry.final}`,
      who: entry.who,
      participantId: entry.participantId,
      text: entry.text,
      final: entry.final,
      typed: null,
      atMs: entry.startedAtMs,
    }),
  );
  const typed = chat.map(
    ({ id, who, participantId, text, delivery, atMs }): Line => ({
      key: id,
      who,
      participantId,
      text,
      final: true,
      typed: delivery,
      atMs,
    }),
  );
  return [...spoken, ...typed].sort((a, b) => a.atMs - b.atMs);
}

/** The conversation as plain text, to keep. */
export function asText(lines: readonly Line[], agentTitle: string): string {
  const said = (line: Line) =>
    `${line.who === "agent" ? agentTitle : "You"}${line.typed ? " (typed)" : ""}: ${line.text}`;
  return lines.map(said).join("\n");
}
