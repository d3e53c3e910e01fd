import path from "node:path";
import { BY_WORKER } from "../caller/dispatch.ts";
import type { Target } from "../target.ts";
import { agentPath, python, type Requirement } from "./install.ts";

const root = path.resolve(import.meta.dirname, "../../..");

function requirement(name: string, kind: Requirement["kind"], agent: string): Requirement {
  const sources = path.join(root, "bench/agents", name);
  return { name, kind, sources, agent, folder: path.join(root, ".parley/bench", name) };
}

const agentsJs = requirement("agents-js", "npm", "agent.mjs");
const livekitPy = requirement("livekit-py", "pip", "agent.py");
const pipecat = requirement("pipecat", "pip", "agent.py");

/** They say nothing to anybody outside this machine. */
const OFFLINE = { OTEL_SDK_DISABLED: "true", HF_HUB_OFFLINE: "1", PYTHONUNBUFFERED: "1" };
const worker = {
  role: "peer",
  ready: /registered worker/,
  dispatch: () => BY_WORKER,
} as const;

/** In their tuned settings; `target.ts` makes the stock ones of them. */
export const peers: readonly Target[] = [
  {
    ...worker,
    name: "agents-js",
    needs: agentsJs,
    command: process.execPath,
    args: [agentPath(agentsJs), "start"],
    env: { ...OFFLINE, ADMIT_ALL: "1" },
  },
  {
    ...worker,
    name: "livekit-py",
    needs: livekitPy,
    command: python(livekitPy),
    args: [agentPath(livekitPy), "start"],
    env: { ...OFFLINE, ADMIT_ALL: "1" },
  },
  {
    // It has no worker: a launcher of a few lines takes the name of a room.
    role: "peer",
    name: "pipecat",
    needs: pipecat,
    command: python(pipecat),
    args: [agentPath(pipecat)],
    env: { ...OFFLINE },
    ready: /^ready on (\d+)/m,
    dispatch: ([, port]) => ({ kind: "http", url: `http://127.0.0.1:${port}/join` }),
  },
];
