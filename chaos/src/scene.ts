import { writeFileSync } from "node:fs";
import path from "node:path";
import { mintToken, roomConfigFor } from "@parley/livekit";
import { type CallersLine, openCallers } from "./callers/line.ts";
import type { ToCallers } from "./callers/messages.ts";
import { Timeline } from "./judge/timeline.ts";
import { AGENT } from "./parts/settings.ts";
import type { Random } from "./random.ts";
import { Snapshots } from "./snapshots.ts";
import type { Stack } from "./stack.ts";

type Order = ToCallers extends infer O ? (O extends unknown ? Omit<O, "callId"> : never) : never;

export interface LiveCall {
  readonly callId: string;
  readonly timeline: Timeline;
  /** The caller's process; the last caller has one alone. */
  readonly line: CallersLine;
  send(order: Order): void;
}

/** The callers of the run: one process for all but the last of them, who has one alone and can be cut off. */
export class Scene {
  readonly stack: Stack;
  readonly random: Random;
  /** Of all workers' call files, as long as the run lasts. */
  readonly snapshots: Snapshots;
  readonly #timelines = new Map<string, Timeline>();
  #crowd: Promise<CallersLine> | null = null;
  #traveller: CallersLine | null = null;
  #minted = 0;

  constructor(stack: Stack, random: Random) {
    this.stack = stack;
    this.random = random;
    const folders = stack.workers.map(({ name, callsDir }) => ({ writer: name, dir: callsDir }));
    this.snapshots = new Snapshots(folders, stack.snapshotsFolder);
  }

  /** Dials; returns before anybody is there. `apart`: the last of them in a process of its own. */
  async dial(count: number, label: string, { apart = true } = {}): Promise<LiveCall[]> {
    this.#crowd ??= this.#open("callers");
    const crowd = await this.#crowd;
    if (apart) this.#traveller ??= await this.#open("traveller");
    const { url, apiKey, apiSecret } = this.stack.livekit;
    const calls: LiveCall[] = [];
    for (let index = 0; index < count; index++) {
      const callId = `${label}-${++this.#minted}`;
      const line = (apart && index === count - 1 ? this.#traveller : null) ?? crowd;
      const timeline = new Timeline();
      this.#timelines.set(callId, timeline);
      const roomConfig = roomConfigFor([{ agentName: AGENT, metadata: JSON.stringify({ callId }) }]);
      const token = await mintToken({
        apiKey,
        apiSecret,
        room: callId,
        identity: `caller-of-${callId}`,
        roomConfig,
        ttlSeconds: 7200,
      });
      const send = (order: Order) => line.send({ ...order, callId } as ToCallers);
      send({ do: "call", url, token, seed: Math.floor(this.random.next() * 2 ** 31) });
      calls.push({ callId, timeline, line, send });
    }
    return calls;
  }

  /** Tells the agent what is to go wrong in a call; it happens at the turn that this makes. */
  order(call: LiveCall, what: "hang" | "crash"): void {
    writeFileSync(path.join(this.stack.ordersFolder, `${call.callId}.${what}`), "");
    call.send({ do: "chat", text: "please hang" });
  }

  /**
   * The next to call do so from a fresh process; nobody may be on the line. A caller leaves before the agent, and the
   * native library keeps a room that is left so, with its threads' work (docs/decisions/011).
   */
  freshCallers(): void {
    void this.#crowd?.then((line) => line.close());
    this.#crowd = null;
  }

  /** What was known of a call that is over. */
  forget({ callId }: LiveCall): void {
    this.#timelines.delete(callId);
  }

  close(): void {
    this.snapshots.close();
    void this.#crowd?.then((line) => line.close());
    this.#traveller?.close();
  }

  #open(name: string): Promise<CallersLine> {
    return openCallers({
      clipsFolder: this.stack.clipsFolder,
      logPath: path.join(this.stack.logFolder, `${name}.log`),
      onEvent: (callId, event) => this.#timelines.get(callId)?.events.push(event),
    });
  }
}
