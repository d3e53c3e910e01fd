import path from "node:path";

/** One runtime under test: a program that registers as worker `bench` and says so. */
export interface Target {
  name: string;
  args: string[];
  ready: RegExp;
  env?: NodeJS.ProcessEnv;
}

const root = path.resolve(import.meta.dirname, "../..");
const inRoot = (file: string) => path.join(root, file);

const targets: Record<string, Target> = {
  floor: { name: "floor", args: [inRoot("bench/agents/floor/agent.ts")], ready: /^worker registered/m },
  // What `npm run parley -- worker` runs, without npm's own process in the sums.
  parley: {
    name: "parley",
    args: [inRoot("apps/cli/src/main.ts"), "worker", inRoot("bench/agents/parley/agent.ts")],
    ready: /^worker registered/m,
    // The callers and the server share the machine: its load must not decide how many calls are let in.
    env: { MAX_CONCURRENT_JOBS: "64", PARLEY_WORKER_PORT: "0" },
  },
};

export function target(name: string): Target {
  const found = targets[name];
  if (found === undefined) throw new Error(`unknown target "${name}": ${Object.keys(targets).join(", ")}`);
  return found;
}
