import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ParleyError } from "@parley/engine";
import type { Sentence } from "./synthesizer.ts";
import type { WorkerReply, WorkerRequest } from "./worker.ts";

export interface FliteWorkersOptions {
  /** Threads. Each takes about 60 MB and speaks about 60 times faster than real time. */
  workers?: number;
  /** Sentences that may wait; more are refused. */
  maxQueued?: number;
  /** How long one sentence may take before its thread is replaced. */
  timeoutMs?: number;
  /** For tests: another program behind the same messages. */
  workerUrl?: URL;
}

interface Job {
  id: number;
  sentence: Sentence;
  resolve(samples: Int16Array): void;
  reject(error: ParleyError): void;
}

interface Seat {
  worker: Worker;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Beside this file, in the form this file has: TypeScript in the repository, JavaScript when published. */
const WORKER_URL = new URL(`./worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** Threads that speak, one sentence each at a time, in the order asked. */
export class FliteWorkers {
  readonly #options: Required<FliteWorkersOptions>;
  readonly #seats = new Set<Seat>();
  readonly #queue: Job[] = [];
  #lastId = 0;
  #closed = false;

  constructor(options: FliteWorkersOptions = {}) {
    this.#options = { workers: 1, maxQueued: 256, timeoutMs: 15_000, workerUrl: WORKER_URL, ...options };
  }

  /** Rejects with `tts-busy`, `tts-timeout`, `tts-failed`, `tts-closed` or, aborted, category `cancelled`. */
  speak(sentence: Sentence, signal: AbortSignal): Promise<Int16Array> {
    if (signal.aborted) return Promise.reject(cancelled());
    if (this.#closed) return Promise.reject(closed());
    if (this.#queue.length >= this.#options.maxQueued) {
      return Promise.reject(
        new ParleyError(`flite has ${this.#queue.length} sentences waiting: this process speaks in too many calls`, {
          code: "tts-busy",
          category: "rate-limited",
          retryable: true,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const drop = () => {
        const at = this.#queue.findIndex((job) => job.id === id);
        if (at >= 0) this.#queue.splice(at, 1);
        // A sentence that is being spoken runs on (tens of ms); nobody hears it.
        reject(cancelled());
      };
      signal.addEventListener("abort", drop, { once: true });
      const done = () => signal.removeEventListener("abort", drop);
      this.#queue.push({
        id,
        sentence,
        resolve: (samples) => {
          done();
          resolve(samples);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.#next();
    });
  }

  /** Idempotent. What waits or runs is rejected with `tts-closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    const seats = [...this.#seats];
    this.#seats.clear();
    for (const job of this.#queue.splice(0)) job.reject(closed());
    for (const seat of seats) {
      clearTimeout(seat.timer);
      seat.job?.reject(closed());
      seat.job = undefined;
    }
    await Promise.all(seats.map((seat) => seat.worker.terminate()));
  }

  #next(): void {
    while (this.#queue.length > 0) {
      const seat = this.#freeSeat();
      if (seat === undefined) return;
      const job = this.#queue.shift() as Job;
      seat.job = job;
      seat.worker.ref();
      seat.timer = setTimeout(
        () => this.#lose(seat, `flite took longer than ${this.#options.timeoutMs} ms for a sentence`, "timeout"),
        this.#options.timeoutMs,
      );
      seat.worker.postMessage({ id: job.id, sentence: job.sentence } satisfies WorkerRequest);
    }
  }

  #freeSeat(): Seat | undefined {
    for (const seat of this.#seats) if (seat.job === undefined) return seat;
    if (this.#seats.size >= this.#options.workers) return undefined;
    const seat: Seat = { worker: new Worker(this.#options.workerUrl), job: undefined, timer: undefined };
    this.#seats.add(seat);
    seat.worker.on("message", (reply: WorkerReply) => this.#answer(seat, reply));
    seat.worker.on("error", (error) => this.#lose(seat, `flite's thread failed: ${String(error)}`, "provider"));
    seat.worker.on("exit", (code) => this.#lose(seat, `flite's thread ended with code ${code}`, "provider"));
    return seat;
  }

  #answer(seat: Seat, reply: WorkerReply): void {
    const job = seat.job;
    if (job === undefined || job.id !== reply.id) return;
    clearTimeout(seat.timer);
    seat.job = undefined;
    // An idle thread must not keep a program from ending.
    seat.worker.unref();
    if ("samples" in reply) job.resolve(reply.samples);
    else job.reject(failed(reply.failure, "provider"));
    this.#next();
  }

  /** The seat's thread is gone or stuck: its sentence fails, the queue goes on with a new thread. */
  #lose(seat: Seat, why: string, category: "timeout" | "provider"): void {
    if (!this.#seats.delete(seat)) return;
    clearTimeout(seat.timer);
    void seat.worker.terminate();
    seat.job?.reject(failed(why, category));
    this.#next();
  }
}

function failed(why: string, category: "timeout" | "provider"): ParleyError {
  const code = category === "timeout" ? "tts-timeout" : "tts-failed";
  return new ParleyError(`${why}. The next sentence gets a new thread.`, { code, category, retryable: true });
}

function closed(): ParleyError {
  return new ParleyError("This voice has been closed", { code: "tts-closed", category: "cancelled" });
}

function cancelled(): ParleyError {
  return new ParleyError("Speaking was cancelled", { code: "tts-cancelled", category: "cancelled" });
}
