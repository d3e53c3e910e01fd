import type { TurnTimeline } from "@parley/conversation";

const columns = [
  "turn",
  "transcript",
  "decided",
  "first token",
  "audio made",
  "audio sent",
  "heard",
  "interrupted",
  "outcome",
] as const;

/** One row a turn; times are ms after the caller's last sound (a reply that was prepared early has negative ones). */
export function timelineTable(turns: readonly TurnTimeline[]): string {
  if (turns.length === 0) return "No turns.";
  const rows = turns.map((turn, index) => {
    const since = (at: number | null): string => (at === null ? "-" : String(Math.round(at - turn.speechEndAt)));
    return [
      String(index + 1),
      since(turn.transcriptAt),
      since(turn.committedAt),
      since(turn.firstTokenAt),
      since(turn.firstAudioMadeAt),
      since(turn.firstAudioSentAt),
      String(Math.round(turn.heardMs)),
      since(turn.interruptedAt),
      turn.reason === null ? turn.outcome : `${turn.outcome} (${turn.reason})`,
    ];
  });
  const table = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === columns.length - 1 ? cell : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return ["ms after the end of the caller's speech; heard: ms of the answer that sounded", ...lines].join("\n");
}
