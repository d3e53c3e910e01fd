import { callerCases } from "./callers.ts";
import type { Case } from "./case.ts";
import { crowdCases } from "./crowds.ts";
import { serverCases } from "./servers.ts";
import { shardCases } from "./shards.ts";
import { workerCases } from "./workers.ts";

export const CASES: readonly Case[] = [...shardCases, ...crowdCases, ...workerCases, ...serverCases, ...callerCases];

/** `names`: separated by commas. Throws naming those there are. */
export function casesNamed(names: string): Case[] {
  return names.split(",").map((name) => {
    const found = CASES.find((one) => one.name === name);
    if (!found) throw new Error(`unknown case "${name}": there are ${CASES.map((one) => one.name).join(", ")}`);
    return found;
  });
}
