import { randomUUID } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { hostname } from "node:os";
import { removeLoneAcks } from "../files/folder.ts";
import { parseCallFileName } from "../files/name.ts";
import { silentLog, type UplinkLog } from "../log.ts";
import {
  type AgentTransfer,
  type AgentWanted,
  type CallKnown,
  type Command,
  type FromServer,
  type Interim,
  MAX_CALLS,
  MAX_UNSHIPPED,
  type ShippedFact,
  type UnservedCall,
  type WorkerMeasured,
} from "../messages.ts";
import type {
  CallClaim,
  ClaimAnswer,
  CommandResult,
  HandOverAnswer,
  HandOverCall,
  Uplink,
  UplinkOptions,
} from "./api.ts";
import type { Batch } from "./batch.ts";
import { Line } from "./line.ts";
import { Requests } from "./requests.ts";
import { Shelf } from "./shelf.ts";
import type { Shipment } from "./shipment.ts";

/** The worker's end: ships call files as they grow, and goes on wherever the last connection or process stopped. */
export async function openUplink(options: UplinkOptions): Promise<Uplink> {
  const shipper = new Shipper(options);
  await shipper.start();
  return shipper;
}

/** Keeps what is buffered in this process small: what the system does not take yet can as well wait in its file. */
const MAX_BUFFERED_BYTES = 512 * 1024;
/** What is not stored goes first. */
const MAX_BUFFERED_INTERIM = 64 * 1024;

/** What is not yet noted as stored is only sent again after a crash, so it need not be noted at once. */
const SAVE_ACKS_MS = 1_000;

type Received = Exclude<FromServer, { type: "welcome" }>;

class Shipper implements Uplink {
  readonly #options: UplinkOptions;
  readonly #log: UplinkLog;
  readonly #shelf: Shelf;
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
    this.#shelf = new Shelf({ ...options, log: this.#log });
  }

  async start(): Promise<void> {
    const {
      url,
      key,
      worker = `${hostname()}/${process.pid}`,
      instance = randomUUID(),
      agent = null,
      tools = [],
      // The first at once: a server that misses a worker for 700 ms gives its calls to others.
      backoffMs = { first: 50, longest: 5_000 },
      connectMs = 10_000,
      confirmMs = 60_000,
      pollMs = 1_000,
    } = this.#options;
    await removeLoneAcks(this.#options.dir);
    await this.#shelf.look();
    this.#line = new Line(
      { url, key, worker, instance, agent, tools, log: this.#log, backoffMs, connectMs },
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
          this.#shelf.grew(name);
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
    return this.#shelf.hasRoom();
  }

  status(): { connected: boolean; pendingBytes: number; files: number } {
    const { pendingBytes, size: files } = this.#shelf;
    return { connected: this.#line?.isUp ?? false, pendingBytes, files };
  }

  drained(withinMs: number): Promise<boolean> {
    return this.#within(withinMs, () => this.#shelf.isDrained);
  }

  async shipped(callId: string, epoch: number, withinMs: number): Promise<boolean> {
    const isDone = await this.#within(withinMs, () => this.#shelf.find(callId, epoch)?.isDrained ?? true);
    const state = this.#shelf.find(callId, epoch)?.state;
    return isDone && state !== "refused" && state !== "damaged";
  }

  beat(): void {
    const calls = this.#options.runningCalls?.() ?? [];
    if (calls.length > MAX_CALLS && !this.#saidTooMany) {
      this.#saidTooMany = true;
      this.#log.error({ calls: calls.length }, `more than ${MAX_CALLS} calls run here; the server hears of no more`);
    }
    const running = new Set(calls.map((call) => call.callId));
    const unshipped = this.#shelf.unshipped().filter((callId) => !running.has(callId));
    this.#line?.send({
      type: "lease",
      calls: calls.slice(0, MAX_CALLS),
      draining: this.#options.draining?.() ?? false,
      open: this.#options.open?.() ?? true,
      unshipped: unshipped.slice(0, MAX_UNSHIPPED),
    });
  }

  unserved(call: UnservedCall): void {
    if (this.#line?.isUp) this.#line.send({ type: "unserved", ...call, reason: call.reason.slice(0, 1_000) });
  }

  measured(told: WorkerMeasured): boolean {
    const line = this.#line;
    if (line?.isUp !== true || line.bufferedBytes >= MAX_BUFFERED_BYTES) return false;
    line.send({ type: "measured", ...told });
    return true;
  }

  interim(told: Interim): void {
    const line = this.#line;
    if (line?.isUp === true && line.bufferedBytes < MAX_BUFFERED_INTERIM) line.send({ type: "interim", ...told });
  }

  claim(call: CallClaim, withinMs: number): Promise<ClaimAnswer | null> {
    return this.#requests.claim(call, withinMs);
  }

  async callContext(call: { callId: string; metadata: string }, withinMs: number): Promise<CallKnown | null> {
    // Nobody waits for a line that does not stand: the call begins without it.
    return this.#line?.isUp ? this.#requests.callContext(call, withinMs) : null;
  }

  readLog(callId: string, withinMs: number): Promise<ShippedFact[]> {
    return this.#requests.readLog(callId, withinMs);
  }

  agentVersion(wanted: AgentWanted, withinMs: number): Promise<Record<string, unknown> | null> {
    return this.#requests.agentVersion(wanted, withinMs);
  }

  handOver(call: HandOverCall, withinMs: number): Promise<HandOverAnswer> {
    return this.#requests.handOver(call, withinMs);
  }

  transfer(wanted: AgentTransfer, withinMs: number): Promise<CommandResult> {
    return this.#requests.transfer(wanted, withinMs);
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
  #wake(delayMs = this.#options.batchMs ?? 30): void {
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
          await this.#shelf.look();
          if (this.#shelf.isDrained) this.#tellWaiters();
        } else await this.#shelf.lookAtGrown();
        await this.#send();
        if (Date.now() - this.#acksSavedAt >= SAVE_ACKS_MS) await this.#saveAcks();
      })
      .catch((error: unknown) =>
        this.#log.error({ error: String(error) }, "shipping call files failed; it is tried again"),
      );
  }

  /** Sends round after round, one batch of each call, as long as there is credit. */
  async #send(): Promise<void> {
    for (let due = this.#shelf.due(); due.length > 0 && this.#maySend(); due = this.#shelf.due()) {
      const batches = await Promise.all(due.map((shipment) => shipment.next()));
      for (const [index, shipment] of due.entries()) {
        const batch = batches[index];
        if (batch && this.#maySend() && shipment.isNext(batch)) this.#sendBatch(shipment, batch);
      }
    }
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
    const { ok, reason, detail } = result;
    const more = detail === undefined ? {} : { detail: detail.slice(0, 1_000) };
    this.#line?.send({ type: "command-result", commandId, ok, reason: reason.slice(0, 1_000), ...more });
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
    this.#shelf.disconnected();
  }

  #tellWaiters(): void {
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  async #saveAcks(): Promise<void> {
    this.#acksSavedAt = Date.now();
    await this.#shelf.saveAcks();
  }
}
