import { JoinGate } from "@parley/livekit";
import { callThroughFault, type FaultCell, type FaultScene, type SeenCall } from "./fault-call.ts";

/** Callers on the line at once: what two cores carry, with their servers, without being late. */
const CALLS_AT_ONCE = 6;

/** Every cell's call, side by side. A call that went wrong is known by its own cell, when that is asked for. */
export function runCells(scene: FaultScene, cells: readonly FaultCell[]): (tag: string) => Promise<SeenCall> {
  const gate = new JoinGate(CALLS_AT_ONCE, { maxWaitMs: 600_000 });
  const never = new AbortController().signal;
  const calls = new Map(
    cells.map((cell) => {
      const call = gate.run(never, () => callThroughFault(scene, cell));
      call.catch(() => {});
      return [cell.tag, call] as const;
    }),
  );
  return (tag) => calls.get(tag) ?? Promise.reject(new Error(`no call ${tag}`));
}
