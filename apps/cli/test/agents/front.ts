import { defineAgent, tool } from "@parley/agent";
import { z } from "zod";

const speech = { stt: "local/pocketsphinx", llm: "openai", tts: "local/flite" } as const;

const connect = tool({
  name: "connect",
  description: "Connects the caller with another agent.",
  parameters: z.object({ agentId: z.string() }),
  async execute({ agentId }, { call }) {
    await call.transferTo(agentId, { reason: "the caller asks for it" });
    return { connected: true };
  },
});

const billing = defineAgent({
  name: "billing",
  ...speech,
  instructions: "BILLING",
  greeting: "This is billing.",
  tools: [connect],
});

/** Hands its calls to a colleague in its process, and to whoever is elsewhere. */
export default defineAgent({
  name: "front",
  ...speech,
  instructions: "FRONT",
  greeting: "Hello, the front desk.",
  tools: [connect],
  colleagues: [billing],
});
