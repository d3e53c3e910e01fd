import type { MicrophoneState } from "@parley/client";
import { Icon } from "./Icon.tsx";

export function MicrophoneSelect(props: {
  microphone: MicrophoneState;
  choose: (deviceId: string | null) => void;
  id?: string;
  /** For where no label stands beside it. */
  label?: string;
  /** Little room: shorter words. */
  compact?: boolean;
  className?: string;
}) {
  const { devices, chosenId } = props.microphone;
  // Before permission browsers tell neither names nor, some of them, how many there are.
  const named = devices.filter((device) => device.label !== "");
  const chosenIsListed = named.some((device) => device.id === chosenId);
  return (
    <span className={`relative block min-w-0 ${props.className ?? ""}`}>
      <select
        id={props.id}
        aria-label={props.label}
        data-testid="mic-select"
        className="field"
        value={chosenIsListed ? (chosenId ?? "") : ""}
        onChange={(event) => props.choose(event.target.value || null)}
      >
        <option value="">{props.compact ? "Default" : "Default microphone"}</option>
        {named.map((device) => (
          <option key={device.id} value={device.id}>
            {device.label}
          </option>
        ))}
      </select>
      <Icon
        name="chevron"
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-3 size-4 text-muted"
      />
    </span>
  );
}
