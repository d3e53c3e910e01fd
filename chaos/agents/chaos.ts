import { appendFileSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import { defineAgent } from "@parley/agent";

/** Files named like a call, in here, tell what goes wrong in it. */
const folder = process.env.CHAOS_FOLDER ?? ".";
const orders = (callId: string, name: string) => path.join(folder, `${callId}.${name}`);
/** When it happened, for the measurement. */
const note = (callId: string, name: string) => appendFileSync(orders(callId, name), `${Date.now()}\n`);

/** For a caller who is gone; for one who never comes, four times as long. */
const patienceMs = Number(process.env.GRACE_MS ?? 2000);

/** An agent as anybody's, whose code loops for ever once, or kills its process every time. */
export default defineAgent({
  name: "chaos",
  instructions: "You answer the phone of a shop.",
  greeting: "Hello, how can I help you today?",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  behaviour: {
    endpointing: { policy: "fixed", minMs: 300 },
    closing: { graceMs: patienceMs, joinMs: 4 * patienceMs },
  },
  onUserTurnCompleted(_turn, { callId }) {
    if (existsSync(orders(callId, "hang"))) {
      rmSync(orders(callId, "hang"));
      note(callId, "struck");
      for (;;);
    }
    if (existsSync(orders(callId, "crash"))) {
      note(callId, "struck");
      process.kill(process.pid, "SIGKILL");
    }
  },
});
