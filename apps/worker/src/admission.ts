import type { Clock } from "@parley/engine";
import type { AssignedJob, JobOffer, OfferAnswer } from "@parley/livekit";
import { type CallKnown, MAX_METADATA } from "@parley/uplink";
import type { Backend } from "./backend.ts";
import { nextLogFile } from "./call-files.ts";
import type { Epochs } from "./epochs.ts";
import { callOf } from "./job.ts";
import { askWhatIsKnown, withKnown } from "./known.ts";
import type { Log } from "./log.ts";
import type { AgentSummary, CallAssignment } from "./messages.ts";
import { type Offers, SHARD_ENDED } from "./offers.ts";
import type { Slot, Slots } from "./slots.ts";
import type { Warming } from "./warming.ts";
import type { Workload } from "./workload.ts";

/** A caller waits meanwhile; a server that is slower than this is as good as away. */
const CLAIM_MS = 1_000;

export interface AdmissionOptions {
  callsDir: string;
  slots: Slots;
  offers: Offers;
  epochs: Epochs;
  workload: Workload;
  clock: Clock;
  log: Log;
  backend(): Backend | null;
  /** Undefined until its module is loaded. */
  agent(): AgentSummary | undefined;
  warming: Pick<Warming, "isOver" | "mayWait" | "wait" | "refused">;
  isDraining(): boolean;
  hasRoom(): boolean;
  /** A slot was taken. */
  taken(): void;
  begin(slot: Slot, shardId: number, call: CallAssignment): void;
  /** LiveKit is told that the job failed; a slot, where there was one, is to be freed. */
  refuse(jobId: string, slot: Slot | undefined, reason: string): void;
}

type Known = CallKnown | null;

/** From LiveKit's offer to the call's beginning in a shard. */
export interface Admission {
  /** When it is answered its slot is reserved: no other question can be promised the same one. */
  offered(offer: JobOffer): OfferAnswer | Promise<OfferAnswer>;
  /** Why no new call is taken now; null: there is room for one. */
  whyClosed(): string | null;
  assigned(job: AssignedJob): void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { slots, offers, epochs, workload, warming, clock, log, refuse } = options;

  /** Every worker that is offered a job must know its call by the same id: where none was given, the job's will do. */
  const callFor = (offer: JobOffer) => callOf(offer, () => offer.jobId);

  function refused(offer: JobOffer, reason: string): OfferAnswer {
    log.warn({ jobId: offer.jobId, room: offer.room.name, callId: callFor(offer).callId, reason }, "job refused");
    return { accept: false, reason };
  }

  /** There was no room for it: the server sees to it that its caller is not left alone. */
  function unserved(offer: JobOffer, reason: string): void {
    const { callId, context } = callFor(offer);
    const metadata = JSON.stringify(context.metadata);
    const agentName = offer.agentName || (options.agent()?.name ?? "");
    if (metadata.length <= MAX_METADATA)
      options.backend()?.unserved({ callId, room: offer.room.name, agentName, metadata, reason });
  }

  function whyClosed(): string | null {
    if (options.isDraining()) return "draining";
    if (!warming.isOver) return "starting";
    return options.hasRoom() ? workload.whyFull() : "no-disk-room";
  }

  const offered = (offer: JobOffer): OfferAnswer | Promise<OfferAnswer> =>
    warming.mayWait ? warming.wait().then(() => answered(offer)) : answered(offer);

  function answered(offer: JobOffer): OfferAnswer {
    const { callId, foreign } = callFor(offer);
    if (foreign !== null)
      log.warn({ callId, room: offer.room.name }, "the callId given was no file name; a new one was made");
    const closed = slots.ofCall(callId) && !options.isDraining() ? null : whyClosed();
    if (closed !== null) {
      unserved(offer, closed);
      // A server sees to it; without one, LiveKit drops a call that everybody refused.
      if (closed === "starting" && options.backend() === null) warming.refused(offer);
      return refused(offer, closed);
    }
    const reservation = slots.reserve({ jobId: offer.jobId, callId }, workload.places(), clock.now());
    if (!reservation.taken) return refused(offer, reservation.reason);
    options.taken();
    return { accept: true, name: options.agent()?.name ?? "" };
  }

  function assigned(job: AssignedJob): void {
    const { jobId } = job.job;
    const slot = slots.run(jobId) ?? lateSlot(job.job);
    if (!slot) {
      log.error(
        { callId: callFor(job.job).callId, jobId },
        "an assigned job found no place; LiveKit is told that it failed",
      );
      unserved(job.job, "no-shard");
      refuse(jobId, undefined, "no free slot in this worker");
      return;
    }
    const server = options.backend();
    if (server) void claim(server, slot, job);
    else admit(slot, job);
  }

  /** The reservation died with its shard: another place, if there is one. */
  function lateSlot(offer: JobOffer): Slot | undefined {
    const { callId } = callFor(offer);
    const reservation = slots.reserve({ jobId: offer.jobId, callId }, workload.places(), clock.now());
    if (!reservation.taken) return undefined;
    options.taken();
    return slots.run(offer.jobId);
  }

  /** Two jobs may be about one call, on two workers: the server knows who has it. */
  async function claim(server: Backend, slot: Slot, job: AssignedJob): Promise<void> {
    const { callId, jobId } = slot;
    const answer = await server.claim({ callId, room: job.job.room.name, epoch: null }, CLAIM_MS);
    if (slots.find(jobId) !== slot) return;
    if (answer) epochs.began(callId, Math.max(answer.epoch, epochs.last(callId) ?? 0));
    if (answer?.granted === false) {
      return refuse(jobId, slot, `${answer.owner ?? "another worker"} has this call`);
    }
    // A server that does not answer the one question is not asked the next.
    const known = answer === null ? null : await askWhatIsKnown(server, callId, callFor(job.job).context);
    if (slots.find(jobId) === slot) admit(slot, job, known);
  }

  function admit(slot: Slot, job: AssignedJob, known: Known = null): void {
    if (options.agent()?.asksToAccept) void askAgent(slot, job, known);
    else run(slot, job, known);
  }

  /** The author's `accept` is asked in the shard that would run the call; the offer itself had to be answered at once. */
  async function askAgent(slot: Slot, job: AssignedJob, known: Known): Promise<void> {
    const { callId, jobId, shardId } = slot;
    const { context } = callFor(job.job);
    const answer = shardId === null ? SHARD_ENDED : await offers.ask(shardId, { offer: job.job, callId, context });
    if (slots.find(jobId) !== slot) return;
    if (answer.accept) return run(slot, job, known);
    if (answer.reason === SHARD_ENDED.reason) unserved(job.job, "no-shard");
    refuse(jobId, slot, answer.reason);
  }

  function run(slot: Slot, { job: offer, token, url, identity }: AssignedJob, known: Known): void {
    const { callId, jobId, shardId } = slot;
    const context = withKnown(callFor(offer).context, known);
    const file = nextLogFile(options.callsDir, callId, epochs.last(callId));
    const refusal = known?.refusal ?? null;
    const call = { jobId, callId, epoch: file.epoch, logPath: file.path, context, refusal, identity, token, url };
    if (shardId !== null) options.begin(slot, shardId, { ...call, recovery: null });
    else {
      unserved(offer, "no-shard");
      refuse(jobId, slot, "no shard is ready");
    }
  }

  return { offered, whyClosed, assigned };
}
