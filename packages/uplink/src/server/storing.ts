import type { UplinkLog } from "../log.ts";
import { type FromServer, type FromWorker, MAX_FACTS } from "../messages.ts";
import type { FactSink } from "./sink.ts";

type Facts = Extract<FromWorker, { type: "facts" }>;
type Received = Facts & { bytes: number };
type Result = Awaited<ReturnType<FactSink["appendBatch"]>>;

export interface StoringOptions {
  appendBatch: FactSink["appendBatch"];
  send(message: FromServer): void;
  /** What is on its way could not be stored: nothing that comes behind it is. */
  failed(): void;
  /** Something was dealt with. */
  onDone(): void;
  worker(): string;
  log: UplinkLog;
}

/** A worker's facts on their way into the store: each call's in order, calls side by side. */
export interface Storing {
  /** `bytes`: of the message, as it came. */
  add(message: Facts, bytes: number): void;
  /** Messages that are not dealt with, and their bytes. */
  readonly size: number;
  readonly bytes: number;
}

export function storing({ appendBatch, send, failed, onDone, worker, log }: StoringOptions): Storing {
  /** Of each call that has something on its way, what waits behind it. */
  const behind = new Map<string, Received[]>();
  let size = 0;
  let bytes = 0;
  let hasFailed = false;

  async function storeAll(callId: string, waiting: Received[]): Promise<void> {
    while (waiting.length > 0) {
      const run = takeRun(waiting);
      await storeRun(run);
      size -= run.length;
      for (const message of run) bytes -= message.bytes;
      if (waiting.length === 0) behind.delete(callId);
      onDone();
    }
  }

  /** What goes on without a gap is stored at once; if one message of it is malformed, each for itself. */
  async function storeRun(run: readonly Facts[]): Promise<void> {
    const [first] = run as [Facts];
    // Nothing behind what could not be stored: a new owner's later facts would hide where its first ones belong. Of a
    // worker that is gone, though, this may be the only copy.
    if (hasFailed) return;
    try {
      const facts = run.length === 1 ? first.facts : run.flatMap((message) => message.facts);
      const result = await appendBatch({ callId: first.callId, epoch: first.epoch, facts });
      for (const message of run) answer(message, result, message === run.at(-1));
    } catch (error) {
      const { message: text = String(error), retryable } = error as { message?: string; retryable?: boolean };
      if (retryable === false && run.length > 1) {
        for (const message of run) await storeRun([message]);
      } else if (retryable === false) refuse(first, text);
      else fail(first, text);
    }
  }

  function answer({ batch, callId, epoch, facts }: Facts, result: Result, isLast: boolean): void {
    if (result.status === "stale-epoch") {
      const owner = `epoch ${result.currentEpoch} owns this call, not epoch ${epoch}`;
      send({ type: "refused", batch, callId, epoch, reason: "stale-epoch", message: owner });
      return;
    }
    const seq = isLast ? result.ackedSeq : Math.min(result.ackedSeq, facts.at(-1)!.seq);
    send({ type: "ack", batch, callId, epoch, seq, ...(result.status === "gap" ? { gap: true } : {}) });
  }

  function refuse({ batch, callId, epoch }: Facts, text: string): void {
    // One call's malformed log must not hold up the others; the worker keeps its file.
    log.error({ worker: worker(), callId, epoch }, `a worker's facts were refused: ${text}`);
    send({ type: "refused", batch, callId, epoch, reason: "invalid", message: text.slice(0, 1_000) });
  }

  function fail({ callId, epoch }: Facts, text: string): void {
    // Facts wait well in the worker's file, so the line is cut until the store is back.
    const what = "facts could not be stored; the worker comes back later";
    if (!hasFailed) log.error({ worker: worker(), callId, epoch, error: text }, what);
    hasFailed = true;
    failed();
  }

  return {
    add(facts, messageBytes) {
      const message = { ...facts, bytes: messageBytes };
      size += 1;
      bytes += messageBytes;
      const waiting = behind.get(message.callId);
      if (waiting !== undefined) {
        waiting.push(message);
        return;
      }
      const own = [message];
      behind.set(message.callId, own);
      void storeAll(message.callId, own);
    },
    get size() {
      return size;
    },
    get bytes() {
      return bytes;
    },
  };
}

/** The first messages that go on from one another in one epoch, as many as one message may hold. */
function takeRun(waiting: Received[]): Received[] {
  let count = 0;
  let end = 0;
  for (const [index, { epoch, facts }] of waiting.entries()) {
    const before = waiting[index - 1];
    const goesOn = before === undefined || (before.epoch === epoch && facts[0]!.seq === before.facts.at(-1)!.seq + 1);
    if (!goesOn || (index > 0 && count + facts.length > MAX_FACTS)) break;
    count += facts.length;
    end = index + 1;
  }
  return waiting.splice(0, end);
}
