import { randomUUID } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { hostname } from "node:os";
import { type CallFile, callFile, diskCap, listCallFiles, removeLoneAcks } from "../files/folder.ts";
import { parseCallFileName } from "../files/name.ts";
import { silentLog, type UplinkLog } from "../log.ts";
import { type Command, type FromServer, MAX_CALLS, MAX_UNSHIPPED, type ShippedFact } from "../messages.ts";
import type { CallClaim, ClaimAnswer, CommandResult, HandOverAnswer, Uplink, UplinkOptions } from "./api.ts";
import type { Batch } from "./batch.ts";
import { Line } from "./line.ts";
import { Requests } from "./requests.ts";
import { Shipment } from "./shipment.ts";

/** The worker's end: ships call files as they grow, and goes on wherever the last connection or process stopped. */
export async function openUplink(options: UplinkOptions): Promise<Uplink> {
  const shipper = new Shipper(options);
  await shipper.start();
  return shipper;
}

/** Keeps what is buffered in this process small: what the system does not take yet can as well wait in its file. */
const MAX_BUFFERED_BYTES = 512 * 1024;

/** Of at most 128 KiB each. */
const READS_AT_ONCE = 8;

/** What is not yet noted as stored is only sent again after a crash, so it need not be noted at once. */
const SAVE_ACKS_MS = 1_000;

type Received = Exclude<FromServer, { type: "welcome" }>;

class Shipper implements Uplink {
  readonly #options: UplinkOptions;
  readonly #log: UplinkLog;
  readonly #cap: ReturnType<typeof diskCap>;
  readonly #shipments = new Map<string, Shipment>();
  /** Sent and not confirmed: batch number -> its shipment and size. */
  readonly #onLine = new Map<number, { shipment: Shipment; bytes: number }>();
  #line: Line | undefined;
  #creditBytes = 0;
  #onLineBytes = 0;
  /** Since when nothing of what is on the line was confirmed. */
  #unconfirmedSince = 0;
  #batchId = 0;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #gather: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #turnQueued = false;
  /** The whole folder is to be looked through. */
  #lookDue = false;
  /** Files that were written to, by name. */
  readonly #grown = new Set<string>();
  #acksSavedAt = 0;
  #isClosed = false;
  #saidTooMany = false;
  readonly #requests = new Requests((question) => {
    if (this.#line?.isUp) this.#line.send(question);
  });
  #drainWaiters: (() => void)[] = [];

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#cap = diskCap({ capMiB: options.capMiB ?? 512, dir: options.dir, log: this.#log });
  }

  async start(): Promise<void> {
    const {
      url,
      key,
      worker = `${hostname()}/${process.pid}`,
      instance = randomUUID(),
      agent = null,
      // The first at once: a server that misses a worker for 700 ms gives its calls to others.
      backoffMs = { first: 50, longest: 5_000 },
      connectMs = 10_000,
      confirmMs = 60_000,
      pollMs = 1_000,
    } = this.#options;
    await removeLoneAcks(this.#options.dir);
    await this.#look();
    this.#line = new Line(
      { url, key, worker, instance, agent, log: this.#log, backoffMs, connectMs },
      {
        up: (welcome) => {
          this.#creditBytes = welcome.creditBytes;
          this.beat();
          this.#requests.up();
          this.#wake(0);
        },
        message: (message) => this.#received(message),
        down: () => this.#down(),
        heartbeat: () => this.beat(),
      },
    );
    try {
      this.#watcher = watch(this.#options.dir, (_event, name) => {
        if (name === null) this.notify();
        else if (parseCallFileName(name) !== null) {
          this.#grown.add(name);
          this.#wake();
        }
      });
      this.#watcher.on("error", (error) =>
        this.#log.warn({ error: error.message }, "the call folder is not watched; it is polled"),
      );
    } catch (error) {
      this.#log.warn({ error: String(error) }, "the call folder cannot be watched; it is polled");
    }
    this.#poll = setInterval(() => {
      this.#giveUpUnconfirmed(confirmMs);
      this.notify();
    }, pollMs);
  }

  notify(): void {
    this.#lookDue = true;
    this.#wake();
  }

  hasRoom(): boolean {
    return this.#cap.hasRoom();
  }

  status(): { connected: boolean; pendingBytes: number; files: number } {
    let pendingBytes = 0;
    for (const shipment of this.#shipments.values()) pendingBytes += shipment.pendingBytes;
    return { connected: this.#line?.isUp ?? false, pendingBytes, files: this.#shipments.size };
  }

  drained(withinMs: number): Promise<boolean> {
    return this.#within(withinMs, () => this.#isDrained());
  }

  async shipped(callId: string, epoch: number, withinMs: number): Promise<boolean> {
    const isDone = await this.#within(withinMs, () => this.#shipment(callId, epoch)?.isDrained ?? true);
    const state = this.#shipment(callId, epoch)?.state;
    return isDone && state !== "refused" && state !== "damaged";
  }

  beat(): void {
    const calls = this.#options.runningCalls?.() ?? [];
    if (calls.length > MAX_CALLS && !this.#saidTooMany) {
      this.#saidTooMany = true;
      this.#log.error({ calls: calls.length }, `more than ${MAX_CALLS} calls run here; the server hears of no more`);
    }
    const running = new Set(calls.map((call) => call.callId));
    const unshipped = new Set<string>();
    for (const { file, isDrained } of this.#shipments.values())
      if (!isDrained && !running.has(file.callId)) unshipped.add(file.callId);
    this.#line?.send({
      type: "lease",
      calls: calls.slice(0, MAX_CALLS),
      draining: this.#options.draining?.() ?? false,
      unshipped: [...unshipped].slice(0, MAX_UNSHIPPED),
    });
  }

  claim(call: CallClaim, withinMs: number): Promise<ClaimAnswer | null> {
    return this.#requests.claim(call, withinMs);
  }

  readLog(callId: string, withinMs: number): Promise<ShippedFact[]> {
    return this.#requests.readLog(callId, withinMs);
  }

  handOver(call: { callId: string; epoch: number }, withinMs: number): Promise<HandOverAnswer> {
    return this.#requests.handOver(call, withinMs);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return this.#turn;
    // The last word about what runs here: a goodbye with calls is no goodbye.
    this.beat();
    this.#isClosed = true;
    this.#watcher?.close();
    clearInterval(this.#poll);
    clearTimeout(this.#gather);
    this.#requests.close();
    this.#line?.close();
    this.#turn = this.#turn.then(() => this.#saveAcks()).catch(() => undefined);
    await this.#turn;
  }

  #shipment(callId: string, epoch: number): Shipment | undefined {
    return this.#shipments.get(`${callId}.${epoch}`);
  }

  /** Looks at the folder, again and again, until `isDone` or the time is over. */
  async #within(withinMs: number, isDone: () => boolean): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      // In a turn, as everything that touches files: two at once would undo each other's notes.
      this.#lookDue = true;
      this.#takeTurn();
      await this.#turn;
      if (this.#isClosed || isDone()) return isDone();
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 250));
        this.#drainWaiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** After the time in which facts are gathered: see what has grown, and send it. */
  #wake(delayMs = this.#options.batchMs ?? 50): void {
    if (this.#isClosed || this.#gather !== undefined) return;
    this.#gather = setTimeout(() => {
      this.#gather = undefined;
      this.#takeTurn();
    }, delayMs);
  }

  /** Turns never overlap; one waits at most. */
  #takeTurn(): void {
    if (this.#isClosed || this.#turnQueued) return;
    this.#turnQueued = true;
    this.#turn = this.#turn
      .then(async () => {
        this.#turnQueued = false;
        if (this.#lookDue) {
          this.#lookDue = false;
          this.#grown.clear();
          await this.#look();
        } else await this.#lookAtGrown();
        await this.#send();
        if (Date.now() - this.#acksSavedAt >= SAVE_ACKS_MS) await this.#saveAcks();
      })
      .catch((error: unknown) =>
        this.#log.error({ error: String(error) }, "shipping call files failed; it is tried again"),
      );
  }

  /** Brings the shipments in line with the folder. */
  async #look(): Promise<void> {
    const files = await listCallFiles(this.#options.dir);
    const present = new Set<string>();
    for (const file of files) {
      const key = `${file.callId}.${file.epoch}`;
      present.add(key);
      const known = this.#shipments.get(key);
      if (known === undefined) this.#shipments.set(key, await Shipment.open(file, this.#log));
      else known.seen(file);
    }
    for (const [key, shipment] of this.#shipments) {
      if (present.has(key)) continue;
      this.#shipments.delete(key);
      if (shipment.state === "open")
        this.#log.warn({ callId: shipment.file.callId }, "a call file vanished before it was shipped");
    }
    await this.#settle(files);
  }

  /** Only at what was written to: all of it is looked at once a second. */
  async #lookAtGrown(): Promise<void> {
    const names = [...this.#grown];
    this.#grown.clear();
    for (const file of await Promise.all(names.map((name) => callFile(this.#options.dir, name)))) {
      if (file === null) continue;
      const key = `${file.callId}.${file.epoch}`;
      const known = this.#shipments.get(key);
      if (known === undefined) this.#shipments.set(key, await Shipment.open(file, this.#log));
      else known.seen(file);
    }
  }

  /** Deletes what is done with, and holds the folder under its cap. */
  async #settle(files: readonly CallFile[]): Promise<void> {
    const keep = this.#options.keepFiles ?? false;
    // A call that runs may have to be recovered from its files, of whatever epoch.
    const running = new Set(this.#options.runningCalls?.().map((call) => call.callId));
    const left: CallFile[] = [];
    for (const [index, file] of files.entries()) {
      const shipment = this.#shipments.get(`${file.callId}.${file.epoch}`);
      const overtaken = files[index + 1]?.callId === file.callId;
      const settled = shipment !== undefined && (await shipment.settle(overtaken));
      if (settled && !keep && shipment.state === "complete" && !running.has(file.callId)) {
        await shipment.remove();
        this.#shipments.delete(shipment.key);
      } else left.push(file);
    }
    const isDone = (file: CallFile) => {
      if (running.has(file.callId)) return false;
      const state = this.#shipments.get(`${file.callId}.${file.epoch}`)?.state;
      return state === "complete" || state === "refused";
    };
    for (const gone of await this.#cap.enforce(left, isDone)) this.#shipments.delete(`${gone.callId}.${gone.epoch}`);
    if (this.#isDrained()) this.#tellWaiters();
  }

  /** Sends round after round, one batch of each call, as long as there is credit. */
  async #send(): Promise<void> {
    for (let due = this.#due(); due.length > 0 && this.#maySend(); due = this.#due()) {
      const batches = await Promise.all(due.map((shipment) => shipment.next()));
      for (const [index, shipment] of due.entries()) {
        const batch = batches[index];
        if (batch && this.#maySend() && shipment.isNext(batch)) this.#sendBatch(shipment, batch);
      }
    }
  }

  /** Those that have something to send, a few at a time: what was read waits in memory. */
  #due(): Shipment[] {
    const busy = new Set<string>();
    const due: Shipment[] = [];
    for (const shipment of [...this.#shipments.values()].sort(byEpoch)) {
      const { callId } = shipment.file;
      // A later epoch waits until the one before it is stored: the server refuses an older one afterwards.
      if (busy.has(callId)) continue;
      if (shipment.state === "open") busy.add(callId);
      if (shipment.hasUnsent && !shipment.mustWait) due.push(shipment);
      if (due.length === READS_AT_ONCE) break;
    }
    return due;
  }

  #sendBatch(shipment: Shipment, batch: Batch): void {
    const { callId, epoch } = shipment.file;
    this.#batchId += 1;
    // The lines are JSON already: they go out as they are.
    const text = `{"type":"facts","batch":${this.#batchId},"callId":${JSON.stringify(callId)},"epoch":${epoch},"facts":[${batch.facts.join(",")}]}`;
    shipment.sent(this.#batchId, batch);
    if (this.#onLine.size === 0) this.#unconfirmedSince = performance.now();
    this.#onLine.set(this.#batchId, { shipment, bytes: text.length });
    this.#onLineBytes += text.length;
    this.#line?.sendText(text);
  }

  #maySend(): boolean {
    const line = this.#line;
    return line?.isUp === true && this.#onLineBytes < this.#creditBytes && line.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  #received(message: Received): void {
    if (message.type === "command") {
      const { type: _type, ...command } = message;
      void this.#obey(command);
    } else if (message.type === "ack" || message.type === "refused") this.#confirmed(message);
    else if (message.type !== "error") this.#requests.received(message);
    else if (message.requestId !== undefined) this.#requests.received({ ...message, requestId: message.requestId });
  }

  async #obey(command: Command): Promise<void> {
    const { commandId } = command;
    let result: CommandResult;
    try {
      result = (await this.#options.onCommand?.(command)) ?? { ok: false, reason: "this worker takes no commands" };
    } catch (error) {
      result = { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
    this.#line?.send({ type: "command-result", commandId, ok: result.ok, reason: result.reason.slice(0, 1_000) });
  }

  #confirmed(message: Extract<FromServer, { type: "ack" | "refused" }>): void {
    const sent = this.#onLine.get(message.batch);
    if (sent === undefined) return;
    this.#onLine.delete(message.batch);
    this.#unconfirmedSince = performance.now();
    this.#onLineBytes -= sent.bytes;
    const { shipment } = sent;
    if (message.type === "ack") shipment.acked(message.batch, message.seq, message.gap === true);
    else {
      shipment.refused(message.reason, message.message);
      if (message.reason === "stale-epoch")
        this.#options.onStale?.({ callId: shipment.file.callId, epoch: shipment.file.epoch });
    }
    if (shipment.isDrained) this.#tellWaiters();
    this.#takeTurn();
  }

  /** A server that lives and confirms nothing has lost what it was sent, or is stuck: it gets it again. */
  #giveUpUnconfirmed(confirmMs: number): void {
    if (this.#onLine.size === 0 || performance.now() - this.#unconfirmedSince <= confirmMs) return;
    this.#unconfirmedSince = performance.now();
    this.#line?.restart(`the server has confirmed nothing for ${confirmMs} ms`);
  }

  #down(): void {
    this.#onLine.clear();
    this.#onLineBytes = 0;
    for (const shipment of this.#shipments.values()) shipment.disconnected();
  }

  #tellWaiters(): void {
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  #isDrained(): boolean {
    for (const shipment of this.#shipments.values()) if (!shipment.isDrained) return false;
    return true;
  }

  async #saveAcks(): Promise<void> {
    this.#acksSavedAt = Date.now();
    await Promise.all([...this.#shipments.values()].map((shipment) => shipment.saveAck()));
  }
}

function byEpoch(a: Shipment, b: Shipment): number {
  return a.file.epoch - b.file.epoch;
}
