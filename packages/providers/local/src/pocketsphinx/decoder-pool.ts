import { ParleyError } from "@parley/engine";
import { DecoderProcess } from "./decoder-process.ts";
import type { Installation } from "./installation.ts";
import type { DecoderReply, LoadRequest, Segment } from "./protocol.ts";

/** A model, loaded into as many decoders as are needed at once. */
export interface DecoderModel {
  /** The same key is the same model. */
  key: string;
  load: LoadRequest;
  /** Decoders of this model at most; the general model needs 90 MB for each. */
  maxDecoders: number;
  /** It could not be loaded: its files may be gone. */
  broken(): void;
}

export interface DecoderPoolOptions {
  /** Decoders at most, over all models. */
  maxDecoders?: number;
  /** Utterances that may wait for a decoder; more are refused. */
  maxWaiting?: number;
  /** Silence of the whole process for this long, with answers due, means that it hangs. */
  hangMs?: number;
}

/** What the pool needs of an utterance, and tells it. */
export interface Utterance {
  readonly model: DecoderModel;
  /** The same number is the same speaker on the same line. */
  readonly speaker: number;
  /** The sound so far: sent again when a process died. */
  readonly sound: readonly Int16Array[];
  /** No more sound will come. */
  readonly finished: boolean;
  interim(text: string): void;
  final(segments: readonly Segment[]): void;
  failed(error: ParleyError): void;
}

interface Slot {
  index: number;
  model: DecoderModel | undefined;
  job: Job | undefined;
  /** A cancelled utterance that its decoder has not let go of yet. */
  leaving: number | undefined;
  usedAt: number;
}

interface Job {
  id: number;
  utterance: Utterance;
  slot: Slot | undefined;
  /** Pieces of sound already sent. */
  sent: number;
  /** Processes that died under it. */
  deaths: number;
}

/** A process may take this long to come up, beyond what it may be silent later. */
const START_MS = 60_000;

/** A process with several decoders, and who uses which. Utterances wait in line when all are busy. */
export class DecoderPool {
  readonly #installation: Pick<Installation, "command" | "args">;
  readonly #options: Required<DecoderPoolOptions>;
  readonly #slots: Slot[] = [];
  readonly #jobs = new Map<Utterance, Job>();
  readonly #waiting: Job[] = [];
  #process: DecoderProcess | undefined;
  #watch: NodeJS.Timeout | undefined;
  #heardAt = 0;
  #ready = false;
  #lastId = 0;
  #uses = 0;
  #closed = false;

  constructor(installation: Pick<Installation, "command" | "args">, options: DecoderPoolOptions = {}) {
    this.#installation = installation;
    this.#options = { maxDecoders: 12, maxWaiting: 64, hangMs: 30_000, ...options };
  }

  /** Takes an utterance in; from now on it is told interim, then once final or failed. */
  begin(utterance: Utterance): void {
    if (this.#closed) {
      utterance.failed(closedError());
      return;
    }
    if (this.#waiting.length >= this.#options.maxWaiting) {
      utterance.failed(
        new ParleyError(
          `All ${this.#options.maxDecoders} decoders are busy and ${this.#waiting.length} utterances wait: too many calls for this process`,
          { code: "stt-busy", category: "rate-limited", retryable: true },
        ),
      );
      return;
    }
    const job: Job = { id: ++this.#lastId, utterance, slot: undefined, sent: 0, deaths: 0 };
    this.#jobs.set(utterance, job);
    this.#waiting.push(job);
    this.#serve();
    if (utterance.finished) this.#expect();
  }

  /** The utterance has more sound, or its end. */
  advance(utterance: Utterance): void {
    const job = this.#jobs.get(utterance);
    if (job === undefined) return;
    this.#send(job);
    if (utterance.finished) this.#expect();
  }

  /** Idempotent: this utterance is told nothing more. */
  cancel(utterance: Utterance): void {
    const job = this.#jobs.get(utterance);
    if (job === undefined) return;
    if (job.slot !== undefined) {
      job.slot.leaving = job.id;
      this.#process?.send("cancel", job.id, job.slot.index);
    }
    this.#forget(job);
    this.#serve();
  }

  /** Idempotent. Every open utterance fails with `stt-closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of [...this.#jobs.values()]) this.#fail(job, closedError());
    const process = this.#process;
    this.#process = undefined;
    await process?.close();
  }

  #serve(): void {
    while (this.#waiting.length > 0 && !this.#closed) {
      // The first in line whose model still may have a decoder: one model's crowd does not hold up another.
      const at = this.#waiting.findIndex((job) => this.#free(job) !== undefined);
      if (at < 0) return;
      const [job] = this.#waiting.splice(at, 1) as [Job];
      const slot = this.#free(job) as Slot;
      if (slot.index === this.#slots.length) this.#slots.push(slot);
      this.#give(slot, job);
    }
  }

  /** An idle decoder of this model, else a new one, else an idle one of another model, the longest unused. */
  #free({ utterance: { model } }: Job): Slot | undefined {
    const idle = this.#slots.filter(isIdle).sort((a, b) => a.usedAt - b.usedAt);
    // The one used last is warm in the processor's cache.
    const same = idle.filter((slot) => slot.model?.key === model.key).at(-1);
    const blank = same ?? idle.find((slot) => slot.model === undefined);
    if (blank !== undefined) return blank;
    if (this.#slots.filter((slot) => slot.model?.key === model.key).length >= model.maxDecoders) return undefined;
    if (this.#slots.length < this.#options.maxDecoders) {
      return { index: this.#slots.length, model: undefined, job: undefined, leaving: undefined, usedAt: 0 };
    }
    return idle[0];
  }

  #give(slot: Slot, job: Job): void {
    const process = this.#running();
    slot.job = job;
    job.slot = slot;
    job.sent = 0;
    slot.usedAt = ++this.#uses;
    if (slot.model?.key !== job.utterance.model.key) {
      slot.model = job.utterance.model;
      process.send("load", 0, slot.index, Buffer.from(JSON.stringify(slot.model.load)));
    }
    const speaker = new Uint8Array(4);
    new DataView(speaker.buffer).setUint32(0, job.utterance.speaker, true);
    process.send("start", job.id, slot.index, speaker);
    this.#send(job);
  }

  #send(job: Job): void {
    const { slot, utterance } = job;
    if (slot === undefined || this.#process === undefined) return;
    for (; job.sent < utterance.sound.length; job.sent++) {
      const piece = utterance.sound[job.sent] as Int16Array;
      const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
      this.#process.send("audio", job.id, slot.index, bytes);
    }
    if (!utterance.finished) return;
    this.#process.send("finish", job.id, slot.index);
    this.#expect();
  }

  #running(): DecoderProcess {
    if (this.#process === undefined) {
      this.#heardAt = performance.now();
      this.#ready = false;
      const process = new DecoderProcess(this.#installation, {
        reply: (reply) => this.#answer(reply),
        gone: (why) => this.#lost(process, why),
      });
      this.#process = process;
    }
    this.#process.busy();
    return this.#process;
  }

  #answer(reply: DecoderReply): void {
    this.#heardAt = performance.now();
    this.#ready = true;
    switch (reply.type) {
      case "load-failed":
        this.#loadFailed(reply.slot, reply.why);
        break;
      case "idle":
        this.#left(reply.slot, reply.utterance);
        break;
      case "interim":
        this.#jobOf(reply.utterance)?.utterance.interim(reply.text);
        break;
      case "final": {
        const job = this.#jobOf(reply.utterance);
        if (job === undefined) break;
        this.#forget(job);
        job.utterance.final(reply.segments);
        this.#serve();
        break;
      }
    }
  }

  #jobOf(id: number): Job | undefined {
    return this.#slots.find((slot) => slot.job?.id === id)?.job;
  }

  #left(index: number, utterance: number): void {
    const slot = this.#slots[index];
    if (slot?.leaving !== utterance) return;
    slot.leaving = undefined;
    this.#serve();
  }

  #loadFailed(index: number, why: string): void {
    const slot = this.#slots[index];
    const model = slot?.model;
    if (slot === undefined || model === undefined) return;
    slot.model = undefined;
    model.broken();
    const error = new ParleyError(`${why}. Its files are made anew for the next utterance.`, {
      code: "stt-model-failed",
      category: "provider",
      retryable: true,
    });
    if (slot.job !== undefined) this.#fail(slot.job, error);
    this.#serve();
  }

  /** The process died: its utterances are spoken to a new one, once; what kills two is given up. */
  #lost(process: DecoderProcess, why: string): void {
    if (this.#process !== process) return;
    this.#process = undefined;
    for (const slot of this.#slots.splice(0)) {
      const { job } = slot;
      if (job === undefined) continue;
      job.slot = undefined;
      job.deaths += 1;
      if (job.deaths < 2) this.#waiting.unshift(job);
      else this.#fail(job, new ParleyError(why, { code: "stt-failed", category: "provider", retryable: true }));
    }
    this.#serve();
  }

  #fail(job: Job, error: ParleyError): void {
    this.#forget(job);
    job.utterance.failed(error);
  }

  #forget(job: Job): void {
    this.#jobs.delete(job.utterance);
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (job.slot !== undefined) job.slot.job = undefined;
    job.slot = undefined;
    if (this.#jobs.size > 0) return;
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#process?.idle();
  }

  /** Somebody waits for an answer: a process that says nothing for too long is replaced. */
  #expect(): void {
    if (this.#watch !== undefined) return;
    this.#heardAt = performance.now();
    const look = () => {
      this.#watch = undefined;
      const due = [...this.#jobs.values()].some((job) => job.utterance.finished);
      const process = this.#process;
      if (!due || process === undefined) return;
      // On a busy machine a program takes its time to start.
      const patienceMs = this.#options.hangMs + (this.#ready ? 0 : START_MS);
      const left = this.#heardAt + patienceMs - performance.now();
      if (left > 0) {
        this.#watch = setTimeout(look, left);
        return;
      }
      this.#lost(process, `PocketSphinx's process said nothing for ${this.#options.hangMs} ms`);
      void process.close();
    };
    this.#watch = setTimeout(look, this.#options.hangMs);
  }
}

function isIdle(slot: Slot): boolean {
  return slot.job === undefined && slot.leaving === undefined;
}

function closedError(): ParleyError {
  return new ParleyError("Speech recognition has been closed", { code: "stt-closed", category: "cancelled" });
}
