import { ParticipantKind, type RemoteParticipant } from "@livekit/rtc-node";
import type { Clock } from "@parley/engine";
import { CONTROL_ATTRIBUTE, type ControlMethod, parseControl } from "../token/control.ts";

const nothing: ReadonlySet<ControlMethod> = new Set();
/** livekit-server tells of a newcomer up to 3 s after what he sends has come through. */
const ARRIVAL_MS = 5_000;
const MOST_AWAITED = 32;

/**
 * Who in a room may control the call: people whose token says so. What counts is the token's attribute as it was when
 * they came. A later one is not read, and of somebody whose token lets him change his own attributes none is.
 */
export class ControlGrants {
  readonly #clock: Clock;
  /** Everybody who is there. */
  readonly #granted = new Map<string, ReadonlySet<ControlMethod>>();
  readonly #awaited = new Set<{ identity: string; go(): void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  joined({ identity, kind, info }: Pick<RemoteParticipant, "identity" | "kind" | "info">): void {
    // What the server does not tell is not believed either.
    const mayChange = info.permission?.canUpdateMetadata ?? true;
    const isBelieved = !mayChange && kind !== ParticipantKind.AGENT;
    this.#granted.set(identity, isBelieved ? parseControl(info.attributes[CONTROL_ATTRIBUTE]) : nothing);
    for (const waiting of this.#awaited) if (waiting.identity === identity) waiting.go();
  }

  left(identity: string): void {
    this.#granted.delete(identity);
  }

  /** Of somebody who is not known to be there yet, once he is, or after a few seconds: nothing. */
  async of(identity: string): Promise<ReadonlySet<ControlMethod>> {
    if (!this.#granted.has(identity) && identity !== "" && this.#awaited.size < MOST_AWAITED)
      await this.#arrival(identity);
    return this.#granted.get(identity) ?? nothing;
  }

  close(): void {
    this.#granted.clear();
    for (const waiting of this.#awaited) waiting.go();
  }

  #arrival(identity: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = {
        identity,
        go: () => {
          cancel();
          this.#awaited.delete(waiting);
          resolve();
        },
      };
      const cancel = this.#clock.after(ARRIVAL_MS, waiting.go);
      this.#awaited.add(waiting);
    });
  }
}
