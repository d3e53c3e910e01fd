import {
  type JobAssignment,
  JobStatus,
  ParticipantPermission,
  RegisterWorkerRequest,
  UpdateJobStatus,
  UpdateWorkerStatus,
  WorkerStatus,
} from "@livekit/protocol";
import { type Clock, systemClock } from "@parley/engine/clock";
import { asParleyError, ParleyError } from "@parley/engine/error";
import { Addresses } from "../addresses/addresses.ts";
import { type Log, messageOf, silentLog } from "../log.ts";
import { mintWorkerToken } from "../token/agent-token.ts";
import { Assignments } from "./assignments.ts";
import { backoffMs } from "./backoff.ts";
import {
  type AssignedJob,
  answeredIdentity,
  availabilityResponse,
  type JobOffer,
  jobOffer,
  jobTypes,
  type OfferAnswer,
} from "./job.ts";
import { WorkerSocket } from "./worker-socket.ts";

export interface WorkerConnectionOptions {
  /** Of one LiveKit: tried in turn until one takes the worker, first the one that did so last. */
  urls: readonly string[];
  apiKey: string;
  apiSecret: string;
  /** The name to dispatch to; empty takes every room (automatic dispatch). */
  agentName: string;
  version?: string;
  jobType?: keyof typeof jobTypes;
  /** Whoever accepts has reserved the slot. Best answered before it returns; a throw or a rejection refuses. */
  onOffer(offer: JobOffer): OfferAnswer | Promise<OfferAnswer>;
  onJob(job: AssignedJob): void;
  /** An accepted offer will not come: give the slot back. */
  onOfferLost(offer: JobOffer, reason: string): void;
  /**
   * LiveKit holds this job to be over: its agent left the room, or the dispatch was deleted. Do not rely on it: it does
   * not come when a room is deleted, nor for a job of the first five seconds.
   */
  onTermination(jobId: string): void;
  onState?(state: WorkerState): void;
  log?: Log;
  clock?: Clock;
  timings?: Partial<WorkerTimings>;
}

export interface WorkerTimings {
  openTimeoutMs: number;
  pingMs: number;
  deadAfterMs: number;
  assignmentTimeoutMs: number;
  firstRetryMs: number;
  maxRetryMs: number;
  closeTimeoutMs: number;
}

export type WorkerState = "connecting" | "registered" | "reconnecting" | "closed";

const CONNECTION_LOST = "the connection to LiveKit was lost";

const DEFAULT_TIMINGS: WorkerTimings = {
  openTimeoutMs: 10_000,
  pingMs: 10_000,
  deadAfterMs: 25_000,
  assignmentTimeoutMs: 10_000,
  firstRetryMs: 500,
  maxRetryMs: 10_000,
  closeTimeoutMs: 2000,
};

/**
 * A worker registered with livekit-server's agent protocol (livekit_agent.proto, protocol 1). It stays registered: a
 * lost connection is taken up again with growing waits, and calls that run meanwhile run on; LiveKit forgets their
 * jobs with the connection, which does them no harm (a job is only how an agent is asked for).
 */
export class WorkerConnection {
  readonly #options: WorkerConnectionOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #timings: WorkerTimings;
  readonly #assignments: Assignments;
  readonly #closing = new AbortController();
  #state: WorkerState = "connecting";
  #socket: WorkerSocket | null = null;
  #ended: PromiseWithResolvers<void> | null = null;
  #started: Promise<{ workerId: string }> | null = null;
  #running: Promise<void> = Promise.resolve();
  #load = { load: 0, jobCount: 0 };
  #draining = false;

  constructor(options: WorkerConnectionOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.#assignments = new Assignments(this.#clock, this.#timings.assignmentTimeoutMs, (offer, reason) =>
      this.#call("onOfferLost", () => options.onOfferLost(offer, reason)),
    );
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** LiveKit's id of this worker; null while it is not registered. */
  get workerId(): string | null {
    return this.#socket?.workerId ?? null;
  }

  /**
   * Registers, and resolves when that is done. An unreachable server is tried again for as long as it takes; a refused
   * key is final. Throws ParleyError `livekit-unauthorised` or `worker-closed`.
   */
  start(): Promise<{ workerId: string }> {
    this.#started ??= new Promise((resolve, reject) => {
      this.#running = this.#run(resolve).catch((error) => {
        this.#setState("closed");
        reject(error);
      });
    });
    return this.#started;
  }

  /** How busy this worker is, 0 to 1; at 0.7 (the server's agents.target_load) it is offered nothing more. */
  updateLoad(load: number, jobCount: number): void {
    this.#load = { load: Math.min(1, Math.max(0, load)), jobCount };
    this.#sendStatus();
  }

  /** Says how a job ended; needed for LiveKit's list of dispatches, nothing else rests on it. */
  endJob(jobId: string, outcome: "success" | "failed", error = ""): void {
    const status = outcome === "success" ? JobStatus.JS_SUCCESS : JobStatus.JS_FAILED;
    this.#socket?.send({ case: "updateJob", value: new UpdateJobStatus({ jobId, status, error }) });
  }

  /** No new calls from now on; those that run are not touched. Idempotent. */
  drain(): void {
    this.#draining = true;
    this.#sendStatus();
  }

  /** Deregisters. Idempotent; resolves when the connection is down, at the latest after `closeTimeoutMs`. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#socket?.close();
      const stop = this.#clock.after(this.#timings.closeTimeoutMs, () => this.#socket?.terminate());
      void this.#running.finally(stop);
    }
    await this.#running;
    this.#setState("closed");
  }

  async #run(onRegistered: (worker: { workerId: string }) => void): Promise<void> {
    const { urls } = this.#options;
    const { signal } = this.#closing;
    const addresses = new Addresses();
    let everRegistered = false;
    let round = addresses.inTurn(urls);
    for (let failures = 0; !signal.aborted; ) {
      const url = round.shift()!;
      try {
        const ended = Promise.withResolvers<void>();
        this.#ended = ended;
        this.#socket = await this.#open(url);
        if (signal.aborted) this.#socket.close();
        failures = 0;
        addresses.worked(url);
        everRegistered = true;
        this.#setState("registered");
        this.#sendStatus();
        onRegistered({ workerId: this.#socket.workerId });
        await ended.promise;
        round = [];
      } catch (thrown) {
        const error = asParleyError(thrown, { code: "livekit-unreachable", category: "network", retryable: true });
        if (!everRegistered && !error.retryable) throw error;
        failures++;
        addresses.failed(url);
        this.#log.warn({ url, failures, error: error.message }, "the worker could not register");
      } finally {
        this.#socket = null;
        this.#assignments.loseAll(CONNECTION_LOST);
      }
      if (signal.aborted) break;
      if (everRegistered) this.#setState("reconnecting");
      // Every URL gets its turn before the next wait.
      if (round.length > 0) continue;
      round = addresses.inTurn(urls);
      await this.#pause(Math.max(0, failures / round.length - 1));
    }
    if (!everRegistered) {
      throw new ParleyError("The worker was closed before it was registered.", {
        code: "worker-closed",
        category: "cancelled",
      });
    }
  }

  async #open(url: string): Promise<WorkerSocket> {
    const { apiKey, apiSecret, agentName, version = "0", jobType = "room" } = this.#options;
    return WorkerSocket.open({
      url,
      token: await mintWorkerToken({ apiKey, apiSecret }),
      registration: new RegisterWorkerRequest({
        type: jobTypes[jobType],
        agentName,
        version,
        pingInterval: Math.ceil(this.#timings.pingMs / 1000),
        // Without canUpdateMetadata an agent could not say its state (`lk.agent.state` is an attribute).
        allowedPermissions: new ParticipantPermission({
          canPublish: true,
          canSubscribe: true,
          canPublishData: true,
          canUpdateMetadata: true,
          agent: true,
        }),
      }),
      clock: this.#clock,
      openTimeoutMs: this.#timings.openTimeoutMs,
      pingMs: this.#timings.pingMs,
      deadAfterMs: this.#timings.deadAfterMs,
      signal: this.#closing.signal,
      onMessage: (message) => {
        if (message.case === "availability" && message.value.job) this.#offer(jobOffer(message.value.job));
        else if (message.case === "assignment") this.#assigned(message.value, url);
        else if (message.case === "termination") {
          const { jobId } = message.value;
          this.#call("onTermination", () => this.#options.onTermination(jobId));
        }
      },
      onEnd: (reason) => {
        if (!this.#closing.signal.aborted) this.#log.warn({ url, reason }, "the worker lost its connection to LiveKit");
        this.#ended?.resolve();
      },
    });
  }

  #offer(offer: JobOffer): void {
    let answer: OfferAnswer | Promise<OfferAnswer> = { accept: false, reason: "the worker is draining" };
    if (!this.#draining && !this.#closing.signal.aborted) {
      try {
        answer = this.#options.onOffer(offer);
      } catch (error) {
        answer = this.#threw(offer, error);
      }
    }
    if (answer instanceof Promise) void this.#answerLater(offer, answer);
    else this.#answer(offer, answer);
  }

  async #answerLater(offer: JobOffer, promised: Promise<OfferAnswer>): Promise<void> {
    const socket = this.#socket;
    const answer = await promised.catch((error: unknown) => this.#threw(offer, error));
    if (this.#socket === socket) return this.#answer(offer, answer);
    if (answer.accept) this.#call("onOfferLost", () => this.#options.onOfferLost(offer, CONNECTION_LOST));
  }

  #threw(offer: JobOffer, error: unknown): OfferAnswer {
    const reason = messageOf(error);
    this.#log.error({ jobId: offer.jobId, error: reason }, "an offer was refused because onOffer threw");
    return { accept: false, reason };
  }

  #answer(offer: JobOffer, answer: OfferAnswer): void {
    if (answer.accept) this.#assignments.accepted(offer, answeredIdentity(offer, answer));
    else this.#log.info({ jobId: offer.jobId, room: offer.room.name, reason: answer.reason }, "refused a job");
    this.#socket?.send({ case: "availability", value: availabilityResponse(offer, answer) });
  }

  #assigned(assignment: JobAssignment, url: string): void {
    const jobId = assignment.job?.id ?? "";
    const accepted = this.#assignments.take(jobId);
    if (!accepted) {
      this.#log.warn({ jobId }, "LiveKit assigned a job whose slot was given back already");
      this.endJob(jobId, "failed", "the assignment came too late");
      return;
    }
    this.#call("onJob", () =>
      this.#options.onJob({
        job: accepted.job,
        identity: accepted.identity,
        token: assignment.token,
        // The open-source server leaves it empty, which means the one that this worker is connected to.
        url: assignment.url || url,
      }),
    );
  }

  #sendStatus(): void {
    const status = this.#draining ? WorkerStatus.WS_FULL : WorkerStatus.WS_AVAILABLE;
    const { load, jobCount } = this.#load;
    const value = new UpdateWorkerStatus({ status, load: this.#draining ? 1 : load, jobCount });
    this.#socket?.send({ case: "updateWorker", value });
  }

  #setState(state: WorkerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#call("onState", () => this.#options.onState?.(state));
  }

  #pause(round: number): Promise<void> {
    const { firstRetryMs: firstMs, maxRetryMs: maxMs } = this.#timings;
    const waitMs = backoffMs(round, { firstMs, maxMs });
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const done = () => {
        stop();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const stop = this.#clock.after(waitMs, done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  #call(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, `${what} threw`);
    }
  }
}
