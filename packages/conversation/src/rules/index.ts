import { away } from "./away.ts";
import { closing } from "./closing.ts";
import { composeRules } from "./compose.ts";
import { hearing } from "./hearing.ts";
import { playback } from "./playback.ts";
import { recording } from "./recording.ts";
import { replies } from "./replies/index.ts";
import { tools } from "./tools.ts";
import { turns } from "./turns/index.ts";

/** The rules of a call. What each function does is said in compose.ts. */
export const callRules = composeRules({ hearing, recording, turns, tools, replies, playback, away, closing });

export const { initialState, evolve, decide, step, settle, deadlines } = callRules;

export type { Rules, Step } from "./compose.ts";
export type { Deadline, Playing, Reply, RuleState } from "./state.ts";
