import type { LocalParticipant } from "@livekit/rtc-node";
import type { AgentState, Clock, RecordingNow } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { bounded } from "./bounded.ts";

/** The attribute in which frontends look for what the agent is doing (LiveKit Agents' convention). */
export const AGENT_STATE_ATTRIBUTE = "lk.agent.state";
/** Whether the call is recorded: `on`, `paused`, `asking`; not there when it is not. */
export const RECORDING_ATTRIBUTE = "parley.recording";
/** So long a change is waited for before the next one is sent: a short answer is to be seen behind a slow change too. */
const PATIENCE_MS = 250;
/** After this what LiveKit did not take is tried again. */
const AGAIN_MS = 1_000;

/**
 * Shows in the room what the agent does, and whether the call is recorded. What is told before the join is shown with
 * it. Of the changes that come while one is on its way only the last counts; one that is refused is tried again.
 */
export class AgentSign {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #wanted: Record<string, string> = { [AGENT_STATE_ATTRIBUTE]: "initializing" };
  #participant: LocalParticipant | null = null;
  #shown: Record<string, string> = {};
  #sending = false;
  #cancelAgain: (() => void) | null = null;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  state(state: AgentState): void {
    this.#want(AGENT_STATE_ATTRIBUTE, state);
  }

  recording(now: RecordingNow): void {
    // LiveKit takes off what is empty; what was never shown need not be.
    if (now !== "off" || RECORDING_ATTRIBUTE in this.#wanted) this.#want(RECORDING_ATTRIBUTE, now === "off" ? "" : now);
  }

  /** The agent is in the room, and shown to those who are there. */
  attach(participant: LocalParticipant): void {
    this.#participant = participant;
    void this.#send();
  }

  /** Shows nothing more, and leaves no timer. Idempotent. */
  detach(): void {
    this.#participant = null;
    this.#cancelAgain?.();
    this.#cancelAgain = null;
  }

  /** After a reconnect: the server may have forgotten. */
  showAgain(): void {
    this.#shown = {};
    void this.#send();
  }

  #want(attribute: string, value: string): void {
    this.#wanted[attribute] = value;
    void this.#send();
  }

  #changed(): Record<string, string> | null {
    const changed = Object.entries(this.#wanted).filter(([name, value]) => this.#shown[name] !== value);
    return changed.length > 0 ? Object.fromEntries(changed) : null;
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    // One that was refused waits a little; what comes after it does not.
    for (let changed = this.#changed(); changed && this.#participant; changed = this.#changed()) {
      Object.assign(this.#shown, changed);
      const setting = this.#participant.setAttributes(changed);
      const refused = setting.then(() => false).catch((error: unknown) => this.#refused(changed, error));
      const isRefused = await bounded(this.#clock, PATIENCE_MS, "take what the agent shows", refused).catch(
        () => false,
      );
      if (isRefused) break;
    }
    this.#sending = false;
  }

  #refused(changed: Readonly<Record<string, string>>, error: unknown): true {
    this.#log.debug({ ...changed, error: messageOf(error) }, "what the agent shows was not taken");
    for (const [name, value] of Object.entries(changed)) if (this.#shown[name] === value) delete this.#shown[name];
    if (this.#participant)
      this.#cancelAgain ??= this.#clock.after(AGAIN_MS, () => {
        this.#cancelAgain = null;
        void this.#send();
      });
    return true;
  }
}
