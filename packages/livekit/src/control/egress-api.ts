import {
  AudioMixing,
  type EgressInfo,
  EgressStatus,
  EncodedFileOutput,
  EncodedFileType,
  S3Upload,
} from "@livekit/protocol";
import { asking, isUnsent, type RoomApiOptions } from "./asking.ts";

/** Where Egress puts a file. */
export type EgressTarget =
  /** A path on the machine of Egress. */
  { path: string } | { path: string; s3: EgressBucket };

export interface EgressBucket {
  bucket: string;
  region: string;
  /** Null: Amazon's own. */
  endpoint: string | null;
  /** Null: Egress has its own. */
  keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
}

/** What LiveKit says of a recording that it makes. Times are Unix ms. */
export interface EgressState {
  egressId: string;
  room: string;
  status: "starting" | "active" | "ending" | "complete" | "failed";
  /** Why it failed; else empty. */
  error: string;
  /** Null: none is known yet. */
  file: { path: string; startedAt: number; durationMs: number; bytes: number } | null;
}

/** LiveKit's Egress, as far as Parley uses it. Every method throws ParleyError and ends within its time-out. */
export interface EgressApi {
  /** Has the sound of a room recorded, as Ogg Opus: the agent on the left, everybody else on the right. */
  start(room: string, target: EgressTarget): Promise<EgressState>;
  /** One that is over is as good as stopped. */
  stop(egressId: string): Promise<void>;
  /** Those of a room. */
  list(room: string): Promise<EgressState[]>;
}

export function egressApi(options: RoomApiOptions): EgressApi {
  const ask = asking(options);
  return {
    start: (room, target) =>
      ask(
        `record ${room}`,
        async ({ egress }) => {
          const mixing = { audioOnly: true, audioMixing: AudioMixing.DUAL_CHANNEL_AGENT };
          return egressState(await egress.startRoomCompositeEgress(room, outputOf(target), mixing));
        },
        // Asked twice, it would be recorded twice.
        isUnsent,
      ),
    async stop(egressId) {
      try {
        await ask(`stop the egress ${egressId}`, async ({ egress }) => void (await egress.stopEgress(egressId)));
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        // LiveKit answers 412 for one that has ended, 404 for one that it has forgotten.
        if (code !== "livekit-not-found" && !/\(412\)/.test(message)) throw error;
      }
    },
    list: (room) =>
      ask(`list the egresses of ${room}`, async ({ egress }) =>
        (await egress.listEgress({ roomName: room })).map(egressState),
      ),
  };
}

function outputOf(target: EgressTarget): EncodedFileOutput {
  const file = { fileType: EncodedFileType.OGG, filepath: target.path, disableManifest: true };
  if (!("s3" in target)) return new EncodedFileOutput(file);
  const { bucket, region, endpoint, keys } = target.s3;
  const value = new S3Upload({
    ...{ bucket, region, endpoint: endpoint ?? "", forcePathStyle: endpoint !== null },
    ...{ accessKey: keys?.accessKeyId ?? "", secret: keys?.secretAccessKey ?? "" },
    sessionToken: keys?.sessionToken ?? "",
  });
  return new EncodedFileOutput({ ...file, output: { case: "s3", value } });
}

const STATUS: Record<EgressStatus, EgressState["status"]> = {
  [EgressStatus.EGRESS_STARTING]: "starting",
  [EgressStatus.EGRESS_ACTIVE]: "active",
  [EgressStatus.EGRESS_ENDING]: "ending",
  [EgressStatus.EGRESS_COMPLETE]: "complete",
  [EgressStatus.EGRESS_FAILED]: "failed",
  [EgressStatus.EGRESS_ABORTED]: "failed",
  // What there is of it is whole.
  [EgressStatus.EGRESS_LIMIT_REACHED]: "complete",
};

/** Times come in ns. */
const ms = (ns: bigint): number => Number(ns / 1_000n) / 1_000;

export function egressState(info: EgressInfo): EgressState {
  const { egressId, roomName: room, status, error, fileResults, result } = info;
  const file = fileResults[0] ?? (result.case === "file" ? result.value : undefined);
  return {
    egressId,
    room,
    status: STATUS[status] ?? "failed",
    error,
    file: file
      ? {
          path: file.filename,
          startedAt: ms(file.startedAt),
          durationMs: ms(file.duration),
          bytes: Number(file.size),
        }
      : null,
  };
}
