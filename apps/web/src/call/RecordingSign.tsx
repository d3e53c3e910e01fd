import type { RecordingState } from "@parley/client";
import { useRef } from "react";

const words: Record<Exclude<RecordingState, "off">, string> = {
  on: "This call is recorded",
  paused: "Recording is paused",
  asking: "Not recorded unless you agree",
};

/**
 * Says whether the call is recorded. It is on the page before there is anything to say, or screen readers would not
 * announce it; the words change only with what they say, so each is announced once.
 */
export function RecordingSign({ recording }: { recording: RecordingState }) {
  const wasRecorded = useRef(false);
  if (recording === "on") wasRecorded.current = true;
  const said = recording !== "off" ? words[recording] : wasRecorded.current ? "No longer recorded" : "";
  return (
    <p
      role="status"
      data-testid="recording"
      data-state={recording}
      className={`flex items-center gap-2 ${said ? "" : "sr-only"} ${recording === "on" ? "font-semibold" : "text-muted"}`}
    >
      {recording === "on" && <span aria-hidden="true" className="size-2.5 flex-none rounded-full bg-danger" />}
      {recording === "paused" && (
        <span aria-hidden="true" className="size-2.5 flex-none rounded-full border-2 border-muted" />
      )}
      {said}
    </p>
  );
}
