import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ParsedFact } from "@parley/conversation";
import type { CallContext, Clock, LineSeal } from "@parley/engine";
import { DECLINED, type HandOverTo, MAX_METADATA, type ShippedFact } from "@parley/uplink";
import { z } from "zod";
import type { Backend, OrderResult, ServerOrder } from "./backend.ts";
import { carryOutOrder, NOT_HERE } from "./call-orders.ts";
import type { WorkerConfig } from "./config.ts";
import type { GivenOrders } from "./given-orders.ts";
import { CALL_ID, callOf } from "./job.ts";
import { askWhatIsKnown, withKnown } from "./known.ts";
import { lineSealOf } from "./line-seal.ts";
import type { Log } from "./log.ts";
import type { AgentSummary, Arrival, CallOrder, ChangeAgent } from "./messages.ts";
import { type Offers, SHARD_ENDED } from "./offers.ts";
import type { Recovery } from "./recovery.ts";
import type { ShardPool } from "./shard-pool.ts";
import type { ShardPlace, Slot, Slots } from "./slots.ts";

/** The server waits 3 s for the answer to an order. */
const READ_LOG_MS = 2_500;

const takeOverArgs = z.object({
  room: z.string().min(1),
  token: z.string().min(1),
  identity: z.string().min(1),
  agentName: z.string(),
  epoch: z.int().min(1),
  crashes: z.int().min(0),
  /** Of a call that nobody has begun. */
  metadata: z.string().max(MAX_METADATA).nullable().default(null),
  /** It comes from another agent. */
  next: z
    .object({
      agentId: z.string().min(1),
      agentVersion: z.int().min(1).nullable(),
      message: z.string().nullable(),
      reason: z.string().nullable(),
      by: z.string(),
    })
    .nullable()
    .default(null),
});

export interface OrdersOptions {
  config: WorkerConfig;
  slots: Slots;
  pool: Pick<ShardPool, "send">;
  clock: Clock;
  log: Log;
  backend(): Backend | null;
  recovery: Recovery;
  places(): ShardPlace[];
  offers: Offers;
  given: GivenOrders;
  agent(): AgentSummary | undefined;
  isDraining(): boolean;
  /** Why no new call is taken now; null: there is room for one. */
  whyClosed(): string | null;
  /** Gives the call to a worker of that agent. Never rejects. */
  handTo(slot: Slot, target: HandOverTo): Promise<OrderResult>;
  /** It is on its way to another worker. */
  isHandedOver(slot: Slot): boolean;
  /** A slot was taken. */
  taken(): void;
  /** It is free again. */
  freed(): void;
}

/** What the server tells this worker to do with a call: its own, or one whose worker is gone. */
export interface Orders {
  /** Never rejects. */
  carryOut(order: ServerOrder): Promise<OrderResult>;
}

export function createOrders(options: OrdersOptions): Orders {
  const { config, slots, pool, clock, log, recovery } = options;
  const done: OrderResult = { ok: true, reason: "" };
  const refused = (reason: string): OrderResult => ({ ok: false, reason });

  async function tell(callId: string, order: CallOrder): Promise<OrderResult> {
    const slot = slots.ofCall(callId);
    if (!slot || slot.shardId === null) return refused(NOT_HERE);
    const result = await options.given.give(slot.shardId, slot.jobId, order);
    const isElsewhere = order.name === "change-agent" && result.reason === "agent-not-here" && order.runBy !== null;
    return isElsewhere ? toOther(slot, order, result) : result;
  }

  /** To a worker of that agent; `result`: why it is not to be had here. */
  async function toOther(slot: Slot, order: ChangeAgent, result: OrderResult): Promise<OrderResult> {
    const { agentId, agentVersion, runBy, message = null, reason = null, by, soon } = order;
    if (runBy === null || runBy === options.agent()?.name) return result;
    if (options.isHandedOver(slot)) return refused("transfer-under-way");
    const handed = options.handTo(slot, { agentId, agentVersion, runBy, message, reason, by });
    return soon ? done : handed;
  }

  function end(callId: string, reason: string): OrderResult {
    const slot = slots.ofCall(callId);
    if (!slot || slot.shardId === null) return refused(NOT_HERE);
    pool.send(slot.shardId, { type: "end-call", jobId: slot.jobId, reason });
    return done;
  }

  async function takeOver(callId: string, given: unknown): Promise<OrderResult> {
    const args = takeOverArgs.safeParse(given);
    if (!args.success || !CALL_ID.test(callId)) return refused("not an order that this worker understands");
    const { room, token, identity, agentName, epoch, crashes, metadata, next } = args.data;
    const server = options.backend();
    if (options.isDraining()) return refused("draining");
    if (!server || agentName !== options.agent()?.name) return refused(`this worker runs no agent ${agentName}`);
    if (slots.ofCall(callId)) return refused("call-has-owner");
    if (config.livekit === null && !(await isInNoRoom(room))) return refused("this worker is without LiveKit");
    // A call that runs already is better off on a full worker than nowhere; a new one is not.
    const closed = metadata === null ? null : options.whyClosed();
    if (closed !== null) return refused(closed);
    const jobId = `take-over:${callId}:${epoch}`;
    const reservation = slots.reserve({ jobId, callId }, options.places(), clock.now());
    if (!reservation.taken) return refused(reservation.reason);
    const { slot } = reservation;
    slot.crashes = crashes;
    slot.deaths = crashes;
    options.taken();
    try {
      const [facts, known, { parseFact }] = await Promise.all([
        server.readLog(callId, READ_LOG_MS),
        metadata === null ? null : askWhatIsKnown(server, callId, givenContext(metadata, room)),
        // Rarely wanted, and half of what a supervisor is made of.
        import("@parley/conversation"),
      ]);
      const isNew = facts.length === 0 && metadata !== null;
      const context = isNew ? withKnown(givenContext(metadata, room), known) : contextOf(parseFact(facts[0]), room);
      const refusal = (isNew && known?.refusal) || null;
      // Nobody is on a session's line to whom a sentence could be said.
      const isRefused = refusal !== null && (await isInNoRoom(room));
      if (isRefused || (isNew && !(await isWanted(slot, context)))) {
        giveBack(jobId);
        return refused(DECLINED);
      }
      const lines = await lineSealOf(config.filesKeys);
      // Its shard died meanwhile, and with it the place.
      if (slots.find(jobId) !== slot) return refused("no-shard");
      const copy = keepCopy(config.dataDir, callId, facts, lines);
      const problem = next && (await whyNotNext(slot, { callId, context, logPath: copy, next }));
      if (problem !== null) {
        rmSync(copy, { force: true });
        giveBack(jobId);
        return refused(problem);
      }
      const where = { url: config.livekit?.url ?? "", token, identity };
      const call = {
        jobId,
        callId,
        epoch,
        logPath: "",
        ...where,
        context,
        refusal,
        next: next && { ...next, sinceEpoch: epoch },
      };
      recovery.goOn(slot, { ...call, recovery: null }, copy);
      return done;
    } catch (error) {
      giveBack(jobId);
      log.error({ callId, err: error }, "a call could not be taken over");
      return refused(error instanceof Error ? error.message : String(error));
    }
  }

  function giveBack(jobId: string): void {
    slots.release(jobId);
    options.freed();
  }

  /** Null: its agent could go on with it. It is asked before the call is taken: else nobody would have it. */
  async function whyNotNext(slot: Slot, arrival: Arrival): Promise<string | null> {
    if (slot.shardId === null) return "no-shard";
    const { accept, reason } = await options.offers.askArrival(slot.shardId, arrival);
    if (accept && slots.find(slot.jobId) === slot) return null;
    if (!accept) log.warn({ callId: arrival.callId, agent: arrival.next.agentId, reason }, "a call is not taken over");
    return accept ? "no-shard" : reason;
  }

  /** The author's `accept` is asked, as for any new call. @throws Error when the shard that was asked ended. */
  async function isWanted({ jobId, callId, shardId }: Slot, context: CallContext): Promise<boolean> {
    if (!options.agent()?.asksToAccept) return true;
    const room = { name: context.room ?? "", sid: "", metadata: "" };
    const more = { dispatchId: "", agentName: options.agent()?.name ?? "", participant: null, attributes: {} };
    const offer = { jobId, room, metadata: JSON.stringify(context.metadata), ...more };
    const answer = shardId === null ? SHARD_ENDED : await options.offers.ask(shardId, { offer, callId, context });
    if (answer.reason === SHARD_ENDED.reason) throw new Error(SHARD_ENDED.reason);
    if (!answer.accept) log.warn({ callId, reason: answer.reason }, "an ordered call is declined");
    return answer.accept;
  }

  return {
    async carryOut({ callId, name, args }) {
      log.info({ callId, order: name }, "the server orders");
      if (name === "take-over") return takeOver(callId, args);
      return carryOutOrder(name, args, {
        end: (reason) => end(callId, reason),
        tell: (order) => tell(callId, order),
      });
    },
  };
}

/** The engine is more than a supervisor wants. */
const isInNoRoom = async (room: string): Promise<boolean> => (await import("@parley/engine")).isSessionRoom(room);

const givenContext = (metadata: string, name: string): CallContext =>
  callOf({ metadata, room: { name, sid: "", metadata: "" } }).context;

/** As the call began; a log without a beginning leaves the room alone. */
function contextOf(first: ParsedFact, room: string): CallContext {
  const none = { room, agentId: null, tenantId: null, language: null, from: null, to: null, metadata: {} };
  if (!first.ok || first.fact.type !== "call-started") return none;
  const { agentId, tenantId, language, from, to, metadata } = first.fact;
  return { room, agentId, tenantId, language, from, to, metadata };
}

/** The server's copy, beside the files of this worker: it is none of theirs to ship. */
function keepCopy(dataDir: string, callId: string, facts: readonly ShippedFact[], lines: LineSeal): string {
  const dir = join(dataDir, "taken-over");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${callId}.ndjson`);
  writeFileSync(path, facts.map((fact) => `${lines.seal(JSON.stringify(fact))}\n`).join(""), { mode: 0o600 });
  return path;
}
