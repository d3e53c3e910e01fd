import { type FSWatcher, watch } from "node:fs";
import { hostname } from "node:os";
import { type CallFile, diskCap, listCallFiles, removeLoneAcks } from "../files/folder.ts";
import { parseCallFileName } from "../files/name.ts";
import { silentLog, type UplinkLog } from "../log.ts";
import type { Command, FromServer } from "../messages.ts";
import { Line } from "./line.ts";
import { Shipment } from "./shipment.ts";

export interface UplinkOptions {
  /** The server, as in BACKEND_URL. */
  url: string;
  /** As in PARLEY_WORKER_KEY. */
  key: string;
  /** Where the call files are: `<callId>.<epoch>.ndjson`. Made when missing. */
  dir: string;
  log?: UplinkLog;
  /** Name of this worker in the server's log. Default: host name and process id. */
  worker?: string;
  /** How long facts are gathered before they are sent. Default 100 ms. */
  batchMs?: number;
  /** How often the folder is looked through, for what no watcher told. Default 1,000 ms. */
  pollMs?: number;
  /** What call files may take on disk. Default 512. */
  capMiB?: number;
  /** Keep finished files that are wholly stored, until the cap needs their place. Default false. */
  keepFiles?: boolean;
  backoffMs?: { first: number; longest: number };
  /** For a connection to stand. Default 10,000. */
  connectMs?: number;
  /** For the server to confirm something of what was sent, after which the line is made anew. Default 60,000. */
  confirmMs?: number;
  /** The calls that run at this moment, for the heartbeat. */
  runningCalls?: () => { callId: string; epoch: number }[];
  /** A newer epoch owns this call: its process must stop before any further effect. */
  onStale?: (call: { callId: string; epoch: number }) => void;
  /** An order from the server. */
  onCommand?: (command: Command) => void;
}

export interface Uplink {
  /** A call's file has grown (or is new): spares the wait for the watcher. */
  notify(callId?: string): void;
  /** False while unshipped files fill the cap: take no new calls. */
  hasRoom(): boolean;
  status(): { connected: boolean; pendingBytes: number; files: number };
  /** Resolves true when every whole fact in the folder is stored, false when that takes longer. */
  drained(withinMs: number): Promise<boolean>;
  /** Idempotent. What is not confirmed is sent by the next one. */
  close(): Promise<void>;
}

/** The worker's end: ships call files as they grow, and goes on wherever the last connection or process stopped. */
export async function openUplink(options: UplinkOptions): Promise<Uplink> {
  const shipper = new Shipper(options);
  await shipper.start();
  return shipper;
}

/** Keeps what is buffered in this process small: what the system does not take yet can as well wait in its file. */
const MAX_BUFFERED_BYTES = 512 * 1024;

/** What is not yet noted as stored is only sent again after a crash, so it need not be noted at once. */
const SAVE_ACKS_MS = 1_000;

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
  #lookDue = false;
  #acksSavedAt = 0;
  #isClosed = false;
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
      backoffMs = { first: 250, longest: 10_000 },
      connectMs = 10_000,
      confirmMs = 60_000,
      pollMs = 1_000,
    } = this.#options;
    await removeLoneAcks(this.#options.dir);
    await this.#look();
    this.#line = new Line(
      { url, key, worker, log: this.#log, backoffMs, connectMs },
      {
        up: (welcome) => {
          this.#creditBytes = welcome.creditBytes;
          this.#beat();
          this.#wake(0);
        },
        message: (message) => this.#received(message),
        down: () => this.#down(),
        heartbeat: () => this.#beat(),
      },
    );
    try {
      this.#watcher = watch(this.#options.dir, (_event, name) => {
        if (name === null || parseCallFileName(name) !== null) this.notify();
      });
      this.#watcher.on("error", (error) =>
        this.#log.warn({ error: error.message }, "the call folder is not watched; it is polled"),
      );
    } catch (error) {
      this.#log.warn({ error: String(error) }, "the call folder cannot be watched; it is polled");
    }
    this.#poll = setInterval(() => {
      this.#giveUpUnconfirmed(confirmMs);
      this.#wake(0);
    }, pollMs);
  }

  notify(): void {
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

  async drained(withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      // In a turn, as everything that touches files: two at once would undo each other's notes.
      this.#lookDue = true;
      this.#takeTurn();
      await this.#turn;
      if (this.#isClosed || this.#isDrained()) return this.#isDrained();
      const leftMs = deadline - Date.now();
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

  async close(): Promise<void> {
    if (this.#isClosed) return this.#turn;
    this.#isClosed = true;
    this.#watcher?.close();
    clearInterval(this.#poll);
    clearTimeout(this.#gather);
    this.#line?.close();
    this.#turn = this.#turn.then(() => this.#saveAcks()).catch(() => undefined);
    await this.#turn;
  }

  /** After the time in which facts are gathered: see what has grown, and send it. */
  #wake(delayMs = this.#options.batchMs ?? 100): void {
    if (this.#isClosed || this.#gather !== undefined) return;
    this.#gather = setTimeout(() => {
      this.#gather = undefined;
      this.#lookDue = true;
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
          await this.#look();
        }
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

  /** Deletes what is done with, and holds the folder under its cap. */
  async #settle(files: readonly CallFile[]): Promise<void> {
    const keep = this.#options.keepFiles ?? false;
    const left: CallFile[] = [];
    for (const [index, file] of files.entries()) {
      const shipment = this.#shipments.get(`${file.callId}.${file.epoch}`);
      const overtaken = files[index + 1]?.callId === file.callId;
      if (shipment !== undefined && (await shipment.settle(overtaken)) && !keep && shipment.state === "complete") {
        await shipment.remove();
        this.#shipments.delete(shipment.key);
      } else left.push(file);
    }
    const isDone = (file: CallFile) => {
      const state = this.#shipments.get(`${file.callId}.${file.epoch}`)?.state;
      return state === "complete" || state === "refused";
    };
    for (const gone of await this.#cap.enforce(left, isDone)) this.#shipments.delete(`${gone.callId}.${gone.epoch}`);
    if (this.#isDrained()) for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  /** Sends round after round, one batch of each call, as long as there is credit. */
  async #send(): Promise<void> {
    for (let sentSome = true; sentSome; ) {
      sentSome = false;
      const busy = new Set<string>();
      for (const shipment of [...this.#shipments.values()].sort(byEpoch)) {
        const { callId, epoch } = shipment.file;
        // A later epoch waits until the one before it is stored: the server refuses an older one afterwards.
        if (busy.has(callId)) continue;
        if (shipment.state === "open") busy.add(callId);
        if (!shipment.hasUnsent) continue;
        if (!this.#maySend()) return;
        const batch = await shipment.next();
        if (batch === null || !this.#maySend()) continue;
        this.#batchId += 1;
        // The lines are JSON already: they go out as they are.
        const text = `{"type":"facts","batch":${this.#batchId},"callId":${JSON.stringify(callId)},"epoch":${epoch},"facts":[${batch.facts.join(",")}]}`;
        shipment.sent(this.#batchId, batch);
        if (this.#onLine.size === 0) this.#unconfirmedSince = performance.now();
        this.#onLine.set(this.#batchId, { shipment, bytes: text.length });
        this.#onLineBytes += text.length;
        this.#line?.sendText(text);
        sentSome = true;
      }
    }
  }

  #maySend(): boolean {
    const line = this.#line;
    return line?.isUp === true && this.#onLineBytes < this.#creditBytes && line.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  #received(message: Exclude<FromServer, { type: "welcome" | "error" }>): void {
    if (message.type === "command") {
      const { type: _type, ...command } = message;
      if (this.#options.onCommand) this.#options.onCommand(command);
      else
        this.#line?.send({ type: "error", code: "command-unknown", message: `${command.name} (${command.commandId})` });
      return;
    }
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
    if (shipment.isDrained) this.#wake();
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

  #beat(): void {
    this.#line?.send({ type: "lease", calls: this.#options.runningCalls?.() ?? [] });
  }

  #isDrained(): boolean {
    for (const shipment of this.#shipments.values()) if (!shipment.isDrained) return false;
    return true;
  }

  async #saveAcks(): Promise<void> {
    this.#acksSavedAt = Date.now();
    for (const shipment of this.#shipments.values()) await shipment.saveAck();
  }
}

function byEpoch(a: Shipment, b: Shipment): number {
  return a.file.epoch - b.file.epoch;
}
