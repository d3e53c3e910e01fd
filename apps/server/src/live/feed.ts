import type { Clock } from "@parley/engine";
import type { FactSink, Interim, ShippedFact } from "@parley/uplink";
import { HttpProblem } from "../http/problem.ts";
import type { ServerLog } from "../log.ts";
import type { FanOut } from "./fan-out.ts";
import { type Follower, news, type Sink } from "./follower.ts";
import { watchedCalls } from "./watched.ts";

const MAX_PER_CALL = 50;
const MAX_IN_ALL = 2_000;
/** Facts that are read from the store at a time. */
const PAGE = 200;
const READ_AGAIN_MS = 1_000;

export interface Subscription {
  /** Idempotent. */
  close(): void;
}

/** The one place where whoever watches a call hears of its facts, in the order of seq, none left out. */
export interface Feed {
  /** These were stored just now. */
  publish(callId: string, facts: readonly ShippedFact[]): void;
  /** A worker of this replica tells what is being understood. */
  interim(told: Interim): void;
  /** `isOver`: the store knows the call as ended. Throws HttpProblem 503 `feed-full`. */
  subscribe(callId: string, from: { afterSeq: number; isOver: boolean }, sink: Sink): Subscription;
  /** How many watch now. */
  readonly size: number;
  /** Idempotent: everybody is told that the server stops. */
  close(): void;
}

export interface FeedOptions {
  store: { facts: Pick<FactSink, "read"> };
  fanOut: FanOut;
  clock: Clock;
  log: ServerLog;
  /** Has the owner of a call tell what is being understood, for a while. False: it was not heard. Default: nobody does. */
  watch?: (callId: string, forMs: number) => Promise<boolean>;
  maxPerCall?: number;
  maxInAll?: number;
}

export function liveFeed(options: FeedOptions): Feed {
  const { store, fanOut, clock, log, maxPerCall = MAX_PER_CALL, maxInAll = MAX_IN_ALL } = options;
  const ofCalls = new Map<string, Set<Follower>>();
  const watched = watchedCalls({ ask: options.watch ?? (async () => false), clock });
  let size = 0;
  let isClosed = false;

  function leave(follower: Follower): void {
    const ofCall = ofCalls.get(follower.callId);
    follower.isClosed = true;
    follower.stopWaiting();
    if (!ofCall?.delete(follower)) return;
    size -= 1;
    if (ofCall.size > 0) return;
    ofCalls.delete(follower.callId);
    watched.end(follower.callId);
  }

  function end(follower: Follower, why: "call-ended" | "server-stops"): void {
    if (follower.isClosed) return;
    leave(follower);
    follower.sink.over(why);
  }

  /** Reads until nothing is left, at the pace of the one who is told; facts that come meanwhile are read as well. */
  async function read(follower: Follower): Promise<void> {
    follower.more = true;
    if (follower.isReading) return;
    follower.isReading = true;
    try {
      while (follower.more && !follower.isClosed) await readOnce(follower);
      follower.isReading = false;
      if (!follower.isClosed) settled(follower);
    } catch (error) {
      follower.isReading = false;
      if (follower.isClosed) return;
      // Whoever watches stays: the call goes on, and so does the feed when the store is back.
      log.warn({ callId: follower.callId, err: error }, "facts for a live feed could not be read; tried again");
      follower.stopWaiting = clock.after(READ_AGAIN_MS, () => void read(follower));
    }
  }

  async function readOnce(follower: Follower): Promise<void> {
    const { callId } = follower;
    follower.more = false;
    const page = await store.facts.read(callId, { afterSeq: follower.seq, limit: PAGE });
    if (follower.isClosed) return;
    if (page.nextAfterSeq !== null) follower.more = true;
    const last = page.facts.at(-1);
    if (last === undefined) return;
    follower.at(last);
    follower.sawEnd = last.type === "call-closed";
    await follower.sink.facts(JSON.stringify(page.facts), last.seq);
  }

  function settled(follower: Follower): void {
    if (!follower.isCaughtUp) follower.sink.caughtUp();
    follower.isCaughtUp = true;
    if (follower.sawEnd) end(follower, "call-ended");
  }

  function tell(follower: Follower, facts: readonly ShippedFact[], asJson: (from: number) => string): void {
    const fresh = news(follower, facts);
    if (fresh === "gap") return void read(follower);
    if (follower.isReading || fresh === facts.length) return;
    const last = facts.at(-1)!;
    follower.at(last);
    void follower.sink.facts(asJson(fresh), last.seq).catch(() => leave(follower));
    if (last.type === "call-closed") end(follower, "call-ended");
  }

  fanOut.onAnnounced(
    (callId, lastSeq) => {
      for (const follower of ofCalls.get(callId) ?? []) if (lastSeq > follower.seq) void read(follower);
    },
    () => {
      for (const ofCall of ofCalls.values()) for (const follower of ofCall) void read(follower);
    },
  );

  function showInterim({ callId, ...told }: Interim): void {
    const followers = ofCalls.get(callId);
    if (followers === undefined) return;
    const { participantId, turnId, segment, text } = told;
    const json = JSON.stringify({ participantId, turnId, segment, text });
    for (const { isCaughtUp, sink } of followers) if (isCaughtUp) sink.interim(json);
  }
  fanOut.onInterim(showInterim);

  return {
    interim(told) {
      if (isClosed) return;
      fanOut.tellInterim(told);
      showInterim(told);
    },
    publish(callId, facts) {
      const last = facts.at(-1);
      if (last === undefined || isClosed) return;
      fanOut.announce(callId, last.seq);
      const followers = ofCalls.get(callId);
      if (followers === undefined) return;
      const made = new Map<number, string>();
      const asJson = (from: number): string => {
        const json = made.get(from) ?? JSON.stringify(facts.slice(from));
        made.set(from, json);
        return json;
      };
      for (const follower of [...followers]) tell(follower, facts, asJson);
    },
    subscribe(callId, { afterSeq, isOver }, sink) {
      const ofCall = ofCalls.get(callId) ?? new Set();
      if (isClosed || size >= maxInAll || ofCall.size >= maxPerCall) {
        const detail = `At most ${maxPerCall} may watch a call at a time, and ${maxInAll} all calls of this server.`;
        throw new HttpProblem(503, "feed-full", detail, { "retry-after": "5" });
      }
      const follower: Follower = {
        callId,
        sink,
        seq: afterSeq,
        epoch: 0,
        isReading: false,
        more: false,
        isCaughtUp: false,
        sawEnd: isOver,
        isClosed: false,
        stopWaiting: () => {},
        rewindTo: null,
        at({ seq, epoch }) {
          // Rewritten by a new owner while this was being read: from there once more.
          this.seq = Math.min(seq, this.rewindTo ?? seq);
          this.epoch = epoch;
          this.rewindTo = null;
        },
      };
      ofCalls.set(callId, ofCall.add(follower));
      size += 1;
      if (!isOver && options.watch !== undefined) watched.begin(callId);
      void read(follower);
      return { close: () => leave(follower) };
    },
    get size() {
      return size;
    },
    close() {
      isClosed = true;
      watched.close();
      for (const ofCall of [...ofCalls.values()]) for (const follower of [...ofCall]) end(follower, "server-stops");
    },
  };
}

/** The facts on their way into the store: what was stored is told to who watches. */
export function tellFeed(facts: FactSink, feed: Pick<Feed, "publish">): FactSink {
  return {
    read: (callId, page) => facts.read(callId, page),
    async appendBatch(batch) {
      const result = await facts.appendBatch(batch);
      if (result.status === "stored") {
        feed.publish(
          batch.callId,
          batch.facts.filter(({ seq }) => seq <= result.ackedSeq),
        );
      }
      return result;
    },
  };
}
