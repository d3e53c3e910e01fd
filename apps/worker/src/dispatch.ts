import type { JobOffer } from "./messages.ts";

export type OfferAnswer = { accept: false } | { accept: true; identity: string; name: string };

export interface JobAssigned {
  offer: JobOffer;
  token: string;
  /** Empty: the worker's own LiveKit address. */
  url: string;
}

/** What LiveKit's dispatch tells the worker. */
export interface DispatchSink {
  /** Must settle within LiveKit's 10 s. */
  offered(offer: JobOffer): Promise<OfferAnswer>;
  assigned(job: JobAssigned): void;
  terminated(jobId: string): void;
  registered(): void;
  /** The line broke; it registers again by itself. */
  lost(reason: string): void;
}

/** The worker's line to LiveKit's dispatch. */
export interface DispatchLine {
  jobStatus(jobId: string, status: "running" | "success" | "failed", error?: string): void;
  workerStatus(status: { load: number; full: boolean; jobs: number }): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens the line; resolves when registered for the first time. @throws ParleyError */
export type OpenDispatch = (agentName: string, sink: DispatchSink, signal: AbortSignal) => Promise<DispatchLine>;
