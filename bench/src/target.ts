import path from "node:path";
import { BY_WORKER, type Dispatch } from "./caller/dispatch.ts";
import type { Requirement } from "./peers/install.ts";
import { peers } from "./peers/peers.ts";

/** One runtime under test: a program that says when it is ready for calls. */
export interface Target {
  name: string;
  role: "floor" | "ours" | "peer";
  /** What must be installed first; null: nothing. */
  needs: Requirement | null;
  command: string;
  args: string[];
  /** Beside what every target is given; undefined takes something away. */
  env: NodeJS.ProcessEnv;
  ready: RegExp;
  /** How an agent is called into a room, from what `ready` matched. */
  dispatch(printed: RegExpExecArray): Dispatch;
}

const root = path.resolve(import.meta.dirname, "../..");
const inRoot = (file: string) => path.join(root, file);
const worker = {
  needs: null,
  command: process.execPath,
  ready: /^worker registered/m,
  dispatch: () => BY_WORKER,
} as const;

const floor: Target = {
  ...worker,
  name: "floor",
  role: "floor",
  args: [inRoot("bench/agents/floor/agent.ts")],
  env: {},
};

/** The floor with the voice detector that Parley has, so that a turn's end is known by the same means. */
const floorSilero: Target = { ...floor, name: "floor-silero", env: { VAD: "silero" } };

const parley: Target = {
  ...worker,
  name: "parley",
  role: "ours",
  // What `npm run parley -- worker` runs, without npm's own process in the sums.
  args: [inRoot("apps/cli/src/main.js"), "worker", inRoot("bench/agents/parley/agent.ts")],
  // The callers and the server share the machine: its load must not decide how many calls are let in.
  env: { MAX_CONCURRENT_JOBS: "64", PARLEY_WORKER_PORT: "0" },
};

/** Speculation off: what is left is the path itself. */
const plain: Target = { ...parley, name: "parley-plain", env: { ...parley.env, SPECULATION: "never" } };

/** Give every sound back as it comes. */
const echoes: Target[] = [
  { ...floor, name: "floor-echo", env: { ECHO: "1" } },
  { ...parley, name: "parley-echo", args: [...parley.args.slice(0, -1), inRoot("bench/agents/parley/echo.ts")] },
];

/** A runtime as it comes: its own turn detection, its own admission. */
function stock(target: Target): Target {
  const asItComes = { ENDPOINT_MS: undefined, ADMIT_ALL: undefined, MAX_CONCURRENT_JOBS: undefined };
  return { ...target, name: `${target.name}-stock`, env: { ...target.env, ...asItComes } };
}

export const TARGETS: readonly Target[] = [
  floor,
  floorSilero,
  parley,
  plain,
  stock(parley),
  ...echoes,
  ...peers,
  ...peers.map(stock),
];

export function target(name: string): Target {
  const found = TARGETS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`unknown target "${name}": ${TARGETS.map((one) => one.name).join(", ")}`);
  return found;
}

/** The role of a target by its name, for results that were read back. */
export const roleOf = (name: string) => target(name).role;
