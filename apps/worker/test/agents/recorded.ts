import { defineAgent } from "@parley/agent";

/** As `repeat`, and recorded; what is typed to it is done, not answered. */
export default defineAgent({
  name: "recorded",
  instructions: "Repeat what you are told.",
  greeting: "Hello there.",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  behaviour: { closing: { graceMs: 1000 }, recording: { mode: "on", question: "May I record this?" } },
  onUserTurnCompleted: ({ text }) => (text.startsWith("do ") ? { skip: true } : undefined),
  on: {
    "text-received": ({ text }, call) => {
      if (text === "do pause") call.recording.pause();
      if (text === "do resume") call.recording.resume();
      if (text === "do crash") process.kill(process.pid, "SIGKILL");
    },
  },
});
