import { type HistoryState, messages } from "@parley/conversation";
import type { CallControl, RecordingControl } from "./agent.ts";
import type { FirstCaller } from "./first-caller.ts";
import type { KnownCaller } from "./known-caller.ts";
import type { CallOptions } from "./options.ts";
import type { Script } from "./script.ts";

/** The live call, as the author's hooks and tools may use it: what they do is done in the agent's name. */
export function callControl(call: {
  options: Pick<CallOptions, "callId" | "agent" | "transport">;
  script: Script;
  caller: FirstCaller;
  known: KnownCaller;
  history(): HistoryState;
  recording: RecordingControl;
  say(text: string, by: string, interruptible: boolean): void;
  interrupt(by: string): void;
  transferTo: CallControl["transferTo"];
  close(reason: string, options: { afterReply: boolean }): void;
}): CallControl {
  const { callId, transport } = call.options;
  return {
    callId,
    get agent() {
      return call.options.agent.name;
    },
    get context() {
      return call.known.context;
    },
    userContext: call.known,
    get language() {
      return call.script.language;
    },
    get caller() {
      return call.caller.current;
    },
    history: () => messages(call.history()),
    say: (text, { interruptible = true } = {}) => call.say(text, "agent", interruptible),
    interrupt: () => call.interrupt("agent"),
    recording: call.recording,
    chat: (text) => transport.text.chat(text),
    transferTo: call.transferTo,
    hangUp: (reason = "agent", { afterReply = true } = {}) => call.close(reason, { afterReply }),
  };
}
