import type { Line } from "./lines.ts";

function Entry({ line, agentTitle }: { line: Line; agentTitle: string }) {
  const speaker = line.who === "agent" ? agentTitle : "You";
  const note =
    line.typed === "sending" ? "typed, sending" : line.typed === "failed" ? "not sent" : line.typed && "typed";
  return (
    <li
      data-testid="transcript-entry"
      data-who={line.who}
      data-final={line.final}
      aria-hidden={line.final ? undefined : true}
      className={`grid gap-x-6 sm:grid-cols-[8.5rem_1fr] ${line.final ? "" : "text-muted"}`}
    >
      <span
        className={`min-w-0 font-semibold sm:truncate sm:text-right ${line.who === "agent" ? "text-agent" : "text-you"}`}
      >
        {speaker}
      </span>
      <span className="min-w-0 break-words text-lg leading-snug">
        {line.text}
        {note && (
          <span className={`ml-2 text-sm ${line.typed === "failed" ? "text-danger" : "text-muted"}`}>{note}</span>
        )}
      </span>
    </li>
  );
}

/** The conversation, set like a play: who, and what. Interim speech is lighter and not announced. */
export function Transcript({ lines, agentTitle, live }: { lines: readonly Line[]; agentTitle: string; live: boolean }) {
  return (
    <ol
      data-testid="transcript"
      role="log"
      aria-label="Transcript"
      aria-live={live ? "polite" : "off"}
      aria-relevant="additions"
      className="space-y-4"
    >
      {lines.map((line) => (
        <Entry key={line.key} line={line} agentTitle={agentTitle} />
      ))}
    </ol>
  );
}
