import type { BrowserCall, MicrophoneState } from "@parley/client";
import { problems } from "../after/problems.ts";
import { remembered } from "../remembered.ts";
import { LevelBar } from "../ui/LevelBar.tsx";
import { MicrophoneSelect } from "../ui/MicrophoneSelect.tsx";

export function MicrophoneSetup({ call, microphone }: { call: BrowserCall; microphone: MicrophoneState }) {
  const checking = microphone.use === "checking";
  const choose = (deviceId: string | null) => {
    remembered.set("microphone", deviceId);
    void call.chooseMicrophone(deviceId);
  };
  return (
    <div>
      <label htmlFor="microphone" className="mb-1.5 block font-medium">
        Your microphone
      </label>
      <div className="flex gap-2">
        <MicrophoneSelect id="microphone" microphone={microphone} choose={choose} className="flex-1" />
        <button
          type="button"
          data-testid="mic-check"
          aria-pressed={checking}
          onClick={() => (checking ? call.stopCheckingMicrophone() : void call.checkMicrophone())}
          className="quiet-button"
        >
          {checking ? "Stop" : "Check"}
        </button>
      </div>
      <div className="mt-3">
        <LevelBar level={call.microphoneLevel} active={checking} label="Your microphone's level" />
      </div>
      {microphone.error ? (
        <p role="alert" data-testid="error" data-code={microphone.error.code} className="mt-3">
          <strong className="font-semibold text-danger">{problems[microphone.error.code].title}.</strong>{" "}
          {problems[microphone.error.code].steps[0]}
        </p>
      ) : (
        <p className="mt-3 text-muted">
          {checking ? "Say something: the bar should move." : "Nobody hears you until you press Talk."}
        </p>
      )}
    </div>
  );
}
