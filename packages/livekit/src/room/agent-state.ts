import type { LocalParticipant } from "@livekit/rtc-node";
import type { AgentState, Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { bounded } from "./bounded.ts";

/** The attribute in which frontends look for what the agent is doing (LiveKit Agents' convention). */
export const AGENT_STATE_ATTRIBUTE = "lk.agent.state";
/** So long a change is waited for before the next one is sent: a short answer is to be seen behind a slow change too. */
const PATIENCE_MS = 250;

/** Shows the agent's state. Of the changes that come while one is on its way only the last counts. */
export class AgentStateSign {
  readonly #participant: LocalParticipant;
  readonly #clock: Clock;
  readonly #log: Log;
  #wanted: AgentState = "initializing";
  #shown: AgentState | null = null;
  #sending = false;

  constructor(participant: LocalParticipant, clock: Clock, log: Log) {
    this.#participant = participant;
    this.#clock = clock;
    this.#log = log;
  }

  show(state: AgentState): void {
    this.#wanted = state;
    void this.#send();
  }

  /** After a reconnect: the server may have forgotten. */
  showAgain(): void {
    this.#shown = null;
    void this.#send();
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#shown !== this.#wanted) {
      const state = this.#wanted;
      this.#shown = state;
      try {
        const setting = this.#participant.setAttributes({ [AGENT_STATE_ATTRIBUTE]: state });
        await bounded(this.#clock, PATIENCE_MS, "take the agent's state", setting);
      } catch (error) {
        this.#log.debug({ state, error: messageOf(error) }, "the agent's state was not taken");
      }
    }
    this.#sending = false;
  }
}
