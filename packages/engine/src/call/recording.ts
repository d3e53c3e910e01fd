import { type InputBody, type RuleState, recordingMode, type Settings } from "@parley/conversation";
import type { AgentTool, CallAgent, CallContext, RecordingControl } from "./agent.ts";

export function recordingControl(call: { state(): RuleState; report(input: InputBody): void }): RecordingControl {
  const request = (action: "start" | "pause" | "resume" | "stop") => () =>
    call.report({ type: "recording-requested", action, by: "agent" });
  return {
    get state() {
      return call.state().recording.now;
    },
    start: request("start"),
    pause: request("pause"),
    resume: request("resume"),
    stop: request("stop"),
    answer: (agreed) => call.report({ type: "recording-answered", agreed, by: "agent" }),
  };
}

/** For the answers that words alone do not settle. */
const consentTool: AgentTool = {
  name: "set_recording_consent",
  description:
    "Call this when the caller answers the question whether this call may be recorded, agrees to it later, or takes it back. The call is recorded only after an answer of true.",
  parameters: {
    type: "object",
    properties: { agreed: { type: "boolean", description: "Whether the caller agrees to being recorded" } },
    required: ["agreed"],
    additionalProperties: false,
  },
  readOnly: false,
  async execute(args, { call }) {
    const agreed = (args as { agreed?: unknown } | null)?.agreed;
    if (typeof agreed !== "boolean") throw new Error("agreed must be true or false");
    call.recording.answer(agreed);
    return { recording: call.recording.state };
  },
};

/** The agent of one call: recorded as its author permits and whoever made the call wants; not where nothing can record. */
export function recordedAgent(agent: CallAgent, { metadata }: CallContext, canRecord: boolean): CallAgent {
  const { recording } = agent.settings;
  const mode: Settings["recording"]["mode"] = canRecord ? recordingMode(recording.mode, metadata.recording) : "off";
  const asks =
    mode === "ask" && (agent.llm ?? agent.realtime) && agent.tools.every(({ name }) => name !== consentTool.name);
  if (mode === recording.mode && !asks) return agent;
  const tools = asks ? [...agent.tools, consentTool] : agent.tools;
  return { ...agent, tools, settings: { ...agent.settings, recording: { ...recording, mode } } };
}
