import type { BrowserCall, MicrophoneState } from "@parley/client";
import { useEffect } from "react";
import { remembered } from "../remembered.ts";
import { Icon } from "../ui/Icon.tsx";
import { LevelBar } from "../ui/LevelBar.tsx";
import { MicrophoneSelect } from "../ui/MicrophoneSelect.tsx";

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;

/** Mute, microphone and hanging up; M mutes from anywhere but a field. */
export function Controls(props: { call: BrowserCall; microphone: MicrophoneState; withMicrophone: boolean }) {
  const { call, microphone, withMicrophone } = props;
  const { muted } = microphone;

  useEffect(() => {
    if (!withMicrophone) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      void call.setMuted(!muted);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [call, muted, withMicrophone]);

  const choose = (deviceId: string | null) => {
    remembered.set("microphone", deviceId);
    void call.chooseMicrophone(deviceId);
  };

  return (
    <div className="flex items-center gap-2">
      {withMicrophone && (
        <>
          <button
            type="button"
            data-testid="mute-button"
            aria-pressed={muted}
            aria-keyshortcuts="M"
            onClick={() => void call.setMuted(!muted)}
            className={`quiet-button w-28 flex-col gap-1 ${muted ? "border-danger text-danger" : ""}`}
          >
            <span className="flex items-center gap-2">
              <Icon name={muted ? "muted" : "microphone"} className="size-[1.125rem]" />
              {muted ? "Unmute" : "Mute"}
            </span>
            <LevelBar level={call.microphoneLevel} active={!muted} label="Your microphone's level" />
          </button>
          <MicrophoneSelect
            microphone={microphone}
            choose={choose}
            label="Microphone"
            compact
            className="flex-1 sm:max-w-64"
          />
        </>
      )}
      <button
        type="button"
        data-testid="leave-button"
        onClick={() => void call.leave()}
        className="quiet-button ml-auto text-danger hover:border-danger!"
      >
        <Icon name="leave" />
        Leave
      </button>
    </div>
  );
}
