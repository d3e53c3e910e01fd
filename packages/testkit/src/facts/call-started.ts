import { type InputBody, settingsSchema } from "@parley/conversation";

type CallStarted = Extract<InputBody, { type: "call-started" }>;

/** How a log begins: a call of which nothing is known but what `known` says. */
export function callStarted(known: Partial<CallStarted> = {}): CallStarted {
  return {
    type: "call-started",
    agent: "a",
    agentId: null,
    room: null,
    tenantId: null,
    language: "en",
    from: null,
    to: null,
    metadata: {},
    wallMs: 0,
    greeting: null,
    settings: settingsSchema.parse({}),
    ...known,
  };
}
