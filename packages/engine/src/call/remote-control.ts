import type { Recording } from "@parley/audio";
import type { InputBody, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { CallAgent } from "./agent.ts";

/** Sentences that wait to be said by request; more would be heard long after anybody wanted them. */
const MOST_WAITING = 8;

/**
 * What people in a call may do with it, when they are permitted to. `by` says in the log who it was. Each takes effect
 * before it returns, or throws a ParleyError and changes nothing: `call-over`, and those named below.
 */
export interface RemoteControl {
  /**
   * Speaks after what is being said now; with `sound` that is played, and `text` is what the log has of it. Throws
   * `agent-muted`, `too-much-to-say`.
   */
  say(text: string, options: { interruptible: boolean; by: string; sound?: Recording }): void;
  /** Silences the agent, what waits to be said is said next. False: it said nothing. */
  interrupt(by: string): boolean;
  /** Muted, it hears and remembers, but says and answers nothing; what it was saying is cut off. */
  mute(muted: boolean, by: string): void;
  /** BCP 47. From the next speech heard and the next sentence made on. Throws `language-unsupported`. */
  setLanguage(language: string, by: string): void;
  /** What it is after that. Throws `recording-off`, `consent-missing`, `not-recording`. */
  record(action: "start" | "pause" | "resume" | "stop", by: string): RuleState["recording"]["now"];
}

export function remoteControl(call: {
  agent(): Pick<CallAgent, "name" | "stt" | "tts" | "realtime">;
  state(): RuleState;
  /** Closed, or let go of. */
  isOver(): boolean;
  report(input: InputBody): void;
  /** Until it was played, or never will be; gives its name. */
  keep(sound: Recording): string;
}): RemoteControl {
  const { report } = call;
  const goingOn = (): RuleState => {
    const state = call.state();
    if (call.isOver() || state.closing.phase === "closing" || state.closing.phase === "closed")
      throw refusal("call-over", "The call is over, or is being handed to another process: try again in a moment.");
    return state;
  };
  return {
    say(text, { interruptible, by, sound }) {
      const state = goingOn();
      if (state.muted) throw refusal("agent-muted", "The agent is muted and says nothing: unmute it first.");
      const waiting = state.replies.active.filter(({ cause }) => cause.kind === "say").length;
      if (waiting >= MOST_WAITING)
        throw refusal("too-much-to-say", `${waiting} requests wait to be said already: wait until some were heard.`);
      const given = sound === undefined ? {} : { sound: call.keep(sound) };
      report({ type: "say-requested", text, by, interruptible, ...given });
    },
    interrupt(by) {
      const { current } = goingOn().playback;
      report({ type: "interrupt-requested", by });
      return current !== null && current.phase !== "stopping";
    },
    mute(muted, by) {
      goingOn();
      report({ type: "mute-changed", muted, by });
    },
    setLanguage(language, by) {
      goingOn();
      checkLanguage(call.agent(), language);
      report({ type: "language-changed", language, by });
    },
    record(action, by) {
      checkRecording(goingOn(), action);
      report({ type: "recording-requested", action, by });
      return call.state().recording.now;
    },
  };
}

function checkRecording({ settings, recording }: RuleState, action: Parameters<RemoteControl["record"]>[0]): void {
  const { mode } = settings.recording;
  if (mode === "off")
    throw refusal(
      "recording-off",
      "This call is not to be recorded: its agent's `behaviour.recording`, what made the call, or PARLEY_RECORDING_BY says so.",
    );
  if (action === "start" && mode === "ask" && !recording.agreed)
    throw refusal("consent-missing", "The caller has not agreed to being recorded.");
  if ((action === "pause" || action === "resume") && recording.now !== "on" && recording.now !== "paused")
    throw refusal("not-recording", "The call is not being recorded: start it first.");
}

function checkLanguage({ name, stt, tts, realtime }: Pick<CallAgent, "name" | "stt" | "tts" | "realtime">, to: string) {
  if (realtime) throw refusal("language-unsupported", `${realtime.name} keeps the language that its call began with.`);
  const primary = to.split("-")[0]?.toLowerCase() ?? "";
  for (const part of [stt, tts]) {
    const languages = part?.capabilities.languages;
    if (part && languages && !languages.includes(primary))
      throw refusal(
        "language-unsupported",
        `${part.name} of agent ${name} does not take ${to}, only ${languages.join(", ")}.`,
      );
  }
}

function refusal(code: string, message: string): ParleyError {
  const retryable = code === "call-over" || code === "too-much-to-say";
  return new ParleyError(message, { code, category: retryable ? "rate-limited" : "refused", retryable });
}
