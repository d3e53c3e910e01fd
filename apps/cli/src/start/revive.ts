import { ParleyError } from "@parley/engine";
import type { Log } from "@parley/worker/log";

/** A part that dies this often within the time would only die again. */
const MOST_DEATHS = 3;
const WITHIN_MS = 60_000;

export interface RevivedPart {
  /** Starts it in the place of the one that died: same port, same folder. */
  again(): Promise<void>;
  /** It cannot be helped. */
  died(error: ParleyError): void;
  log: Log;
  now?: () => number;
}

/** Tells that the part has died, and why. */
export type Revive = (reason: string) => void;

/** Live calls outlast the death of an embedded part: it is started again; one that keeps dying ends the program. */
export function reviving(part: string, { again, died, log, now = () => performance.now() }: RevivedPart): Revive {
  let deaths: number[] = [];
  const revive: Revive = (reason) => {
    deaths = [...deaths.filter((at) => now() - at < WITHIN_MS), now()];
    if (deaths.length > MOST_DEATHS) {
      const why = `${reason} It had died ${MOST_DEATHS} times within a minute before.`;
      died(new ParleyError(why, { code: `${part}-died`, category: "internal" }));
      return;
    }
    log.error({ reason }, `the embedded ${part} died and is started again; calls go on`);
    again().catch((error: unknown) => {
      // Dead before it was up: one more death.
      revive(`${reason} It could not be started again: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  return revive;
}
