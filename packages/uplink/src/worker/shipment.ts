import { type Ack, readAck, removeCallFile, writeAck } from "../files/ack.ts";
import { ABANDONED_MS, type CallFile } from "../files/folder.ts";
import { asItIs, MAX_LINE_BYTES, type OpenLine, openLines, readLines } from "../files/lines.ts";
import type { UplinkLog } from "../log.ts";
import { type Batch, makeBatch } from "./batch.ts";

/** A batch fills a frame only as far as this, unless one fact alone is longer. */
const MAX_BATCH_BYTES = 128 * 1024;

interface Sent {
  id: number;
  batch: Batch;
}

/**
 * open: still written, or not all of it is with the server. complete: it will not grow, and all of it is.
 * refused: the server does not want it. damaged: it is not a log without gaps any more; kept for a person to look at.
 */
export type ShipmentState = "open" | "complete" | "refused" | "damaged";

/** One call file on its way: how much is sent, how much is stored. Nothing here knows the connection. */
export class Shipment {
  readonly file: CallFile;
  state: ShipmentState;
  #acked: Ack;
  #sent: Sent[] = [];
  /** Where reading goes on; behind the last batch sent. Seq is null while the file's first is not known. */
  #seq: number | null;
  #offset: number;
  /** What `next` gave last, as long as it still comes next. */
  #ready: Batch | null = null;
  /** Rises when reading begins anew from an earlier place: what is being read at that moment is of no use any more. */
  #rewinds = 0;
  #closes: boolean;
  /** The file's first facts are stored. Until then nothing follows them: only they say where this owner begins. */
  #begun: boolean;
  #written: Ack;
  /** At this size no further whole line was found. */
  #exhaustedAtBytes = -1;
  readonly #log: UplinkLog;
  readonly #openLine: OpenLine;

  private constructor(file: CallFile, ack: Ack, log: UplinkLog, openLine: OpenLine) {
    this.#openLine = openLine;
    this.file = file;
    this.#acked = ack;
    this.#written = ack;
    this.#seq = ack.seq === 0 ? null : ack.seq;
    this.#offset = ack.offset;
    this.#closes = ack.complete === true;
    this.#begun = ack.seq > 0;
    this.state = ack.complete === true ? "complete" : "open";
    this.#log = log;
  }

  static async open(file: CallFile, log: UplinkLog, openLine: OpenLine = asItIs): Promise<Shipment> {
    return new Shipment(file, await readAck(file.path, file.sizeBytes), log, openLine);
  }

  get key(): string {
    return `${this.file.callId}.${this.file.epoch}`;
  }

  /** Bytes that the server has not confirmed. */
  get pendingBytes(): number {
    return this.state === "open" ? Math.max(0, this.file.sizeBytes - this.#acked.offset) : 0;
  }

  /** There may be a whole line that was not sent. */
  get hasUnsent(): boolean {
    return (
      this.state === "open" && this.file.sizeBytes > this.#offset && this.file.sizeBytes !== this.#exhaustedAtBytes
    );
  }

  /** What was sent has to be stored before anything may follow it. */
  get mustWait(): boolean {
    return !this.#begun && this.#sent.length > 0;
  }

  /** Every whole line is stored, as far as it ever will be. */
  get isDrained(): boolean {
    return this.state !== "open" || (!this.hasUnsent && this.#sent.length === 0 && this.#acked.offset === this.#offset);
  }

  /** What to send next, or null when there is nothing whole to send. */
  async next(): Promise<Batch | null> {
    while (this.state === "open") {
      const offset = this.#offset;
      const rewinds = this.#rewinds;
      const { sizeBytes } = this.file;
      const { lines, more, overlong } = await readLines(this.file.path, offset, MAX_BATCH_BYTES);
      if (rewinds !== this.#rewinds) continue;
      if (overlong) return this.#damaged(`a line is longer than ${MAX_LINE_BYTES} bytes`);
      if (lines.length === 0) {
        this.#exhaustedAtBytes = sizeBytes;
        return null;
      }
      const { callId, epoch } = this.file;
      const opened = openLines(lines, this.#openLine);
      if (opened === null) return this.#damaged("it is sealed with a key that is not here (PARLEY_FILES_KEY)");
      const result = makeBatch(opened, { callId, epoch, afterSeq: this.#seq, offset, maxBytes: MAX_BATCH_BYTES });
      if (result.kind === "damaged") return this.#damaged(result.problem);
      if (result.skippedLines > 0) {
        this.#log.warn({ callId, epoch, lines: result.skippedLines }, "passed over unreadable lines of a call file");
      }
      if (result.kind === "batch") {
        this.#ready = result.batch;
        return result.batch;
      }
      this.#offset = result.offset;
      this.#closes ||= result.closes;
      if (this.#sent.length === 0) this.#acked = { seq: this.#acked.seq, offset: result.offset };
      if (!more) {
        this.#exhaustedAtBytes = sizeBytes;
        return null;
      }
    }
    return null;
  }

  /** False: since `next` gave it, sending began anew from an earlier place, or ended. */
  isNext(batch: Batch): boolean {
    return this.#ready === batch;
  }

  /** The batch that `next` gave is on the line, as number `id`. */
  sent(id: number, batch: Batch): void {
    this.#ready = null;
    this.#sent.push({ id, batch });
    this.#seq = batch.seq;
    this.#offset = batch.offset;
    this.#closes ||= batch.closes;
  }

  /** The server has everything up to `seq`. */
  acked(id: number, seq: number, gap: boolean): void {
    const index = this.#sent.findIndex((sent) => sent.id === id);
    // Of before a rewind: it says nothing about what is on the line now.
    if (index === -1) return;
    const batch = this.#sent.splice(0, index + 1).at(-1)?.batch;
    if (batch === undefined || gap || seq < batch.seq) {
      this.#rewind(seq);
      return;
    }
    this.#begun = true;
    // With nothing else on the line, lines passed over behind this batch are done with as well.
    this.#acked = { seq: batch.seq, offset: this.#sent.length === 0 ? this.#offset : batch.offset };
  }

  refused(reason: "stale-epoch" | "invalid", message: string): void {
    const { callId, epoch, path } = this.file;
    this.#sent = [];
    this.#ready = null;
    this.state = reason === "invalid" ? "damaged" : "refused";
    this.#log.warn({ callId, epoch, path, reason }, `the server refused a call's log: ${message}`);
  }

  /** The connection is gone: what was not confirmed is sent again. */
  disconnected(): void {
    this.#rewinds += 1;
    this.#ready = null;
    this.#sent = [];
    this.#exhaustedAtBytes = -1;
    this.#seq = this.#acked.seq === 0 ? null : this.#acked.seq;
    this.#offset = this.#acked.offset;
  }

  /** Takes note of the file's growth, and of whether a later epoch has begun. */
  seen(file: CallFile): void {
    this.file.sizeBytes = file.sizeBytes;
    this.file.modifiedMs = file.modifiedMs;
    if (file.sizeBytes < this.#offset) this.#damaged("it has become shorter");
  }

  /** True once nothing of it is needed any more. `overtaken`: the call has a file of a later epoch. */
  async settle(overtaken: boolean): Promise<boolean> {
    if (this.state === "open" && this.isDrained) {
      const allStored = this.#acked.offset >= this.file.sizeBytes;
      const abandoned = Date.now() - this.file.modifiedMs > ABANDONED_MS;
      // Of an overtaken or abandoned file the half-written last line was never a fact.
      if (overtaken || (allStored && this.#closes) || abandoned) this.state = "complete";
    }
    return this.state === "complete" || this.state === "refused";
  }

  async saveAck(): Promise<void> {
    const complete = this.state === "complete" || this.state === "refused";
    const { seq, offset } = this.#acked;
    if (this.#written.offset === offset && (this.#written.complete ?? false) === complete) return;
    const ack: Ack = complete ? { seq, offset, complete } : { seq, offset };
    await writeAck(this.file.path, ack);
    this.#written = ack;
  }

  async remove(): Promise<void> {
    await removeCallFile(this.file.path);
  }

  #rewind(seq: number): void {
    this.#log.warn(
      { callId: this.file.callId, epoch: this.file.epoch, fromSeq: seq + 1 },
      "the server asks for a call's log again",
    );
    this.#rewinds += 1;
    this.#ready = null;
    this.#sent = [];
    this.#begun = false;
    this.#exhaustedAtBytes = -1;
    this.#acked = { seq, offset: 0 };
    this.#seq = seq;
    this.#offset = 0;
  }

  #damaged(problem: string): null {
    const { callId, epoch, path } = this.file;
    this.#sent = [];
    this.state = "damaged";
    this.#log.error(
      { callId, epoch, path },
      `a call file cannot be shipped further: ${problem}. It is kept; the rest of it is not on the server`,
    );
    return null;
  }
}
