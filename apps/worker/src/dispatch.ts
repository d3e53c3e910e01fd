import type { AssignedJob, JobOffer, OfferAnswer } from "@parley/livekit";

/** What LiveKit's dispatch tells the worker. */
export interface DispatchSink {
  /** The slot is reserved when it is answered; at once, but for a moment while the worker starts. */
  offered(offer: JobOffer): OfferAnswer | Promise<OfferAnswer>;
  assigned(job: AssignedJob): void;
  /** An accepted offer will not come: LiveKit gave it to somebody else, or the line broke. */
  offerLost(jobId: string, reason: string): void;
  terminated(jobId: string): void;
  /** Again after every break: the line registers again by itself. */
  registered(): void;
  lost(): void;
}

/** The worker's line to LiveKit's dispatch. */
export interface DispatchLine {
  /** At 0.7 or more nothing is offered. */
  load(load: number, jobs: number): void;
  endJob(jobId: string, outcome: "success" | "failed", error?: string): void;
  /**
   * Asks LiveKit once more for the agent of a call that was refused, unless somebody else has come to it or its room is
   * gone. Never rejects.
   */
  askAgain(offer: JobOffer): Promise<void>;
  /** No more offers. */
  drain(): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens the line; resolves when registered for the first time. @throws ParleyError */
export type OpenDispatch = (agentName: string, sink: DispatchSink, signal: AbortSignal) => Promise<DispatchLine>;
