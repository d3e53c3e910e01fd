import type { CallAgent } from "@parley/engine";

/** A call that is not to be served: why, for the log, and what its caller is told; empty: nothing. */
export interface Refusal {
  reason: string;
  say: string;
}

/** An agent that says the sentence, and hangs up. Nothing of its author's is run. */
export function refusing({ realtime: _realtime, ...agent }: CallAgent, { reason, say }: Refusal): CallAgent {
  return {
    ...agent,
    instructions: "",
    greeting: null,
    llm: null,
    tools: [],
    hooks: {
      onEnter(call) {
        if (say.trim() !== "") call.say(say, { interruptible: false });
        call.hangUp(`refused:${reason}`);
      },
      onUserTurnCompleted: () => ({ skip: true }),
    },
  };
}
