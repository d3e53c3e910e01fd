import { type CallFile, callFile, type DiskCap, diskCap, listCallFiles } from "../files/folder.ts";
import type { UplinkLog } from "../log.ts";
import type { UplinkOptions } from "./api.ts";
import { Shipment } from "./shipment.ts";

/** That are read (128 KiB of each at most) or written side by side. */
const FILES_AT_ONCE = 8;

export type ShelfOptions = Pick<
  UplinkOptions,
  "dir" | "ships" | "capMiB" | "keepFiles" | "runningCalls" | "openLine"
> & {
  log: UplinkLog;
};

/** The call files of a folder, each with how far it is on its way. Nothing here knows the connection. */
export class Shelf {
  readonly #options: ShelfOptions;
  readonly #cap: DiskCap;
  readonly #shipments = new Map<string, Shipment>();
  /** Files that were written to since the last look, by name. */
  readonly #grown = new Set<string>();

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#cap = diskCap({ capMiB: options.capMiB ?? 512, dir: options.dir, log: options.log });
  }

  get size(): number {
    return this.#shipments.size;
  }

  get pendingBytes(): number {
    let pendingBytes = 0;
    for (const shipment of this.#shipments.values()) pendingBytes += shipment.pendingBytes;
    return pendingBytes;
  }

  /** Every file is stored, as far as it ever will be. */
  get isDrained(): boolean {
    for (const shipment of this.#shipments.values()) if (!shipment.isDrained) return false;
    return true;
  }

  hasRoom(): boolean {
    return this.#cap.hasRoom();
  }

  find(callId: string, epoch: number): Shipment | undefined {
    return this.#shipments.get(`${callId}.${epoch}`);
  }

  /** The calls of which not everything is stored, each once. */
  unshipped(): string[] {
    const open = [...this.#shipments.values()].filter((shipment) => !shipment.isDrained);
    return [...new Set(open.map(({ file }) => file.callId))];
  }

  /** The file of this name was written to. */
  grew(name: string): void {
    this.#grown.add(name);
  }

  /** The connection is gone: what was not confirmed is sent again. */
  disconnected(): void {
    for (const shipment of this.#shipments.values()) shipment.disconnected();
  }

  #ships({ callId }: CallFile): boolean {
    return this.#options.ships?.(callId) ?? true;
  }

  async saveAcks(): Promise<void> {
    const all = [...this.#shipments.values()];
    // After an outage there may be thousands: so many open files at once, and no more.
    for (let at = 0; at < all.length; at += FILES_AT_ONCE)
      await Promise.all(all.slice(at, at + FILES_AT_ONCE).map((shipment) => shipment.saveAck()));
  }

  /** Those that have something to send, a few at a time: what was read waits in memory. */
  due(): Shipment[] {
    const busy = new Set<string>();
    const due: Shipment[] = [];
    for (const shipment of [...this.#shipments.values()].sort(byEpoch)) {
      const { callId } = shipment.file;
      // A later epoch waits until the one before it is stored: the server refuses an older one afterwards.
      if (busy.has(callId)) continue;
      if (shipment.state === "open") busy.add(callId);
      if (shipment.hasUnsent && !shipment.mustWait) due.push(shipment);
      if (due.length === FILES_AT_ONCE) break;
    }
    return due;
  }

  /** Brings the shipments in line with the folder. */
  async look(): Promise<void> {
    this.#grown.clear();
    const files = (await listCallFiles(this.#options.dir)).filter((file) => this.#ships(file));
    const present = new Set<string>();
    for (const file of files) {
      const key = `${file.callId}.${file.epoch}`;
      present.add(key);
      const known = this.#shipments.get(key);
      if (known === undefined)
        this.#shipments.set(key, await Shipment.open(file, this.#options.log, this.#options.openLine));
      else known.seen(file);
    }
    for (const [key, shipment] of this.#shipments) {
      if (present.has(key)) continue;
      this.#shipments.delete(key);
      if (shipment.state === "open")
        this.#options.log.warn({ callId: shipment.file.callId }, "a call file vanished before it was shipped");
    }
    await this.#settle(files);
  }

  /** Only at what was written to: all of it is looked at once a second. */
  async lookAtGrown(): Promise<void> {
    const names = [...this.#grown];
    this.#grown.clear();
    for (const file of await Promise.all(names.map((name) => callFile(this.#options.dir, name)))) {
      if (file === null || !this.#ships(file)) continue;
      const key = `${file.callId}.${file.epoch}`;
      const known = this.#shipments.get(key);
      if (known === undefined)
        this.#shipments.set(key, await Shipment.open(file, this.#options.log, this.#options.openLine));
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
  }
}

function byEpoch(a: Shipment, b: Shipment): number {
  return a.file.epoch - b.file.epoch;
}
