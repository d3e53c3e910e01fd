import type { Clock } from "@parley/engine";
import type { AssignedJob, JobOffer, OfferAnswer } from "@parley/livekit";
import type { Backend } from "./backend.ts";
import { nextLogFile } from "./call-files.ts";
import type { Epochs } from "./epochs.ts";
import { callOf } from "./job.ts";
import { LIVEKIT_TARGET_LOAD } from "./load.ts";
import type { Log } from "./log.ts";
import type { AgentSummary, CallAssignment } from "./messages.ts";
import type { Offers } from "./offers.ts";
import type { Slot, Slots } from "./slots.ts";
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
  /** Undefined until the shards are warm. */
  agent(): AgentSummary | undefined;
  isDraining(): boolean;
  hasRoom(): boolean;
  /** A slot was taken. */
  taken(): void;
  begin(slot: Slot, shardId: number, call: CallAssignment): void;
  /** LiveKit is told that the job failed; a slot, where there was one, is to be freed. */
  refuse(jobId: string, slot: Slot | undefined, reason: string): void;
}

/** From LiveKit's offer to the call's beginning in a shard. */
export interface Admission {
  /** Nothing is awaited here: no other question can be promised the same slot. */
  offered(offer: JobOffer): OfferAnswer;
  assigned(job: AssignedJob): void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { slots, offers, epochs, workload, clock, log, refuse } = options;

  function refused(offer: JobOffer, reason: string, callId?: string): OfferAnswer {
    log.warn({ jobId: offer.jobId, room: offer.room.name, callId, reason }, "job refused");
    return { accept: false, reason };
  }

  function offered(offer: JobOffer): OfferAnswer {
    const agent = options.agent();
    if (options.isDraining() || !agent) return refused(offer, agent ? "draining" : "starting");
    if (!options.hasRoom()) return refused(offer, "no-disk-room");
    const { callId, foreign } = callOf(offer);
    if (foreign !== null)
      log.warn({ callId, room: offer.room.name }, "the callId given was no file name; a new one was made");
    if (slots.cap === null && workload.load() >= LIVEKIT_TARGET_LOAD) return refused(offer, "load", callId);
    const reservation = slots.reserve({ jobId: offer.jobId, callId }, workload.places(), clock.now());
    if (!reservation.taken) return refused(offer, reservation.reason, callId);
    options.taken();
    return { accept: true, name: agent.name };
  }

  function assigned(job: AssignedJob): void {
    const { jobId } = job.job;
    const slot = slots.run(jobId) ?? lateSlot(job.job);
    if (!slot) {
      log.error({ jobId }, "an assigned job found no place; LiveKit is told that it failed");
      refuse(jobId, undefined, "no free slot in this worker");
      return;
    }
    const server = options.backend();
    if (server) void claim(server, slot, job);
    else admit(slot, job);
  }

  /** The reservation died with its shard: another place, if there is one. */
  function lateSlot(offer: JobOffer): Slot | undefined {
    const { callId } = callOf(offer);
    const reservation = slots.reserve({ jobId: offer.jobId, callId }, workload.places(), clock.now());
    return reservation.taken ? slots.run(offer.jobId) : undefined;
  }

  /** Two jobs may be about one call, on two workers: the server knows who has it. */
  async function claim(server: Backend, slot: Slot, job: AssignedJob): Promise<void> {
    const { callId, jobId } = slot;
    const answer = await server.claim({ callId, room: job.job.room.name, epoch: null }, CLAIM_MS);
    if (slots.find(jobId) !== slot) return;
    if (answer) epochs.began(callId, Math.max(answer.epoch, epochs.last(callId) ?? 0));
    if (answer?.granted !== false) admit(slot, job);
    else refuse(jobId, slot, `${answer.owner ?? "another worker"} has this call`);
  }

  function admit(slot: Slot, job: AssignedJob): void {
    if (options.agent()?.asksToAccept) void askAgent(slot, job);
    else run(slot, job);
  }

  /** The author's `accept` is asked in the shard that would run the call; the offer itself had to be answered at once. */
  async function askAgent(slot: Slot, job: AssignedJob): Promise<void> {
    const { callId, jobId, shardId } = slot;
    const { context } = callOf(job.job);
    const answer =
      shardId === null
        ? { accept: false, reason: "the shard ended" }
        : await offers.ask(shardId, { offer: job.job, callId, context });
    if (slots.find(jobId) !== slot) return;
    if (answer.accept) run(slot, job);
    else refuse(jobId, slot, answer.reason);
  }

  function run(slot: Slot, { job: offer, token, url, identity }: AssignedJob): void {
    const { callId, jobId, shardId } = slot;
    const { context } = callOf(offer);
    const file = nextLogFile(options.callsDir, callId, epochs.last(callId));
    const call = { jobId, callId, epoch: file.epoch, logPath: file.path, context, identity, token, url };
    if (shardId === null) refuse(jobId, slot, "no shard is ready");
    else options.begin(slot, shardId, { ...call, recovery: null });
  }

  return { offered, assigned };
}
