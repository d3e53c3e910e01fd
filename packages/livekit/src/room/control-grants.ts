import { ParticipantKind, type RemoteParticipant } from "@livekit/rtc-node";
import { CONTROL_ATTRIBUTE, type ControlMethod, parseControl } from "../token/control.ts";

const nothing: ReadonlySet<ControlMethod> = new Set();

/**
 * Who in a room may control the call: people whose token says so. What counts is the token's attribute as it was when
 * they came. A later one is not read, and of somebody whose token lets him change his own attributes none is.
 */
export class ControlGrants {
  readonly #granted = new Map<string, ReadonlySet<ControlMethod>>();

  joined({ identity, kind, info }: Pick<RemoteParticipant, "identity" | "kind" | "info">): void {
    this.#granted.delete(identity);
    // What the server does not tell is not believed either.
    const mayChange = info.permission?.canUpdateMetadata ?? true;
    if (mayChange || kind === ParticipantKind.AGENT) return;
    const methods = parseControl(info.attributes[CONTROL_ATTRIBUTE]);
    if (methods.size > 0) this.#granted.set(identity, methods);
  }

  left(identity: string): void {
    this.#granted.delete(identity);
  }

  of(identity: string): ReadonlySet<ControlMethod> {
    return this.#granted.get(identity) ?? nothing;
  }
}
