import type { Box } from "@parley/engine/sealing";
import { and, asc, eq, gte, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { StoreError } from "../error.ts";
import type { Transaction } from "../projections/projection.ts";
import { ofCalls } from "./of-calls.ts";
import { recordingPieces as pieces, recordingSegments as segments } from "./schema.ts";

/** The next bytes of what one process of a worker records of a call. */
export interface Piece {
  callId: string;
  epoch: number;
  /** Where in the segment it begins. */
  offset: number;
  bytes: Buffer;
  /** Nothing comes behind it. */
  isFinal: boolean;
}

export type PieceTaken =
  /** The segment has so many bytes now, also when the piece had come before. */
  | { outcome: "taken"; receivedBytes: number }
  /** It begins behind the end of what is here. */
  | { outcome: "mismatch"; receivedBytes: number }
  /** Nobody wants it any more: the call was erased, or its recording deleted. */
  | { outcome: "erased" }
  /** It comes too late: the recording was made without it. */
  | { outcome: "closed" }
  | { outcome: "too-long" };

/** How pieces are hidden from whoever reads the database, when their call has no data key (yet). */
export interface PieceSealing {
  /** Of one segment, sealed itself; null: its pieces lie in plain. */
  newKey(segment: Pick<Piece, "callId" | "epoch">): string | null;
  seal(key: string, piece: Pick<Piece, "callId" | "epoch" | "offset" | "bytes">): Buffer;
}

export interface Segment {
  epoch: number;
  /** Null: the pieces are as they came. */
  sealedKey: string | null;
  pieces: { at: number; bytes: Buffer }[];
}

export interface Segments {
  /** Each byte once, in order; all of it or nothing. `mostBytes`: of one segment. */
  receive(piece: Piece, options: { sealing: PieceSealing; mostBytes: number }): Promise<PieceTaken>;
  /** Everything that is here of a call, in the order of epochs. */
  read(callId: string): Promise<Segment[]>;
  /** Drops pieces that are in their recording and final, or that nothing has joined since; how many segments. */
  sweep(idleSince: Date): Promise<number>;
}

/** One read takes so many pieces: 16 MiB at most. */
const PAGE = 16;

/** In place of a segment's own key: its pieces are sealed with the call's data key. */
const BY_CALL = "by-call";
const aboutPiece = ({ callId, epoch, offset }: Omit<Piece, "bytes" | "isFinal">) =>
  `recording_pieces/${callId}/${epoch}/${offset}`;

export function segmentsIn(db: NodePgDatabase, keys: KeyRing): Segments {
  const isIt = ({ callId, epoch }: Pick<Piece, "callId" | "epoch">) =>
    and(eq(segments.callId, callId), eq(segments.epoch, epoch));

  async function isUnwanted(tx: Transaction, callId: string): Promise<boolean> {
    // Whoever erases the call waits until this piece is in, and takes it along; or has been, and left a tombstone.
    await tx.execute(sql`select 1 from calls where call_id = ${callId} for key share`);
    const { rows } = await tx.execute(sql`
      select 1 from parley_keys.tombstones where call_id = ${callId}
      union all
      select 1 from recordings where call_id = ${callId} and made_by = 'agent' and status = 'deleted'`);
    return rows.length > 0;
  }

  /** Null: its recording was made without it. */
  async function segmentOf(tx: Transaction, { callId, epoch }: Piece, sealing: PieceSealing) {
    const look = () => tx.select().from(segments).where(isIt({ callId, epoch })).for("update");
    const [known] = await look();
    if (known !== undefined) return known;
    const { rows } = await tx.execute(sql`
      select 1 from recording_segments where call_id = ${callId} and closed_at is not null limit 1`);
    if (rows.length > 0) return null;
    const isByCall = (await keys.of(tx, [callId])).has(callId);
    const sealedKey = isByCall ? BY_CALL : sealing.newKey({ callId, epoch });
    await tx.insert(segments).values({ callId, epoch, sealedKey }).onConflictDoNothing();
    return (await look())[0]!;
  }

  async function boxOf(tx: Pick<Transaction, "execute">, callId: string): Promise<Box> {
    const box = (await keys.of(tx, [callId])).get(callId);
    if (box !== undefined) return box;
    throw new StoreError(`What was recorded of call ${callId} cannot be read: its data key is gone.`, {
      code: "data-key-destroyed",
      category: "refused",
    });
  }

  return {
    receive: (piece, { sealing, mostBytes }) =>
      db.transaction(async (tx) => {
        const { callId, epoch, offset, bytes, isFinal } = piece;
        if (await isUnwanted(tx, callId)) return { outcome: "erased" };
        const segment = await segmentOf(tx, piece, sealing);
        if (segment === null) return { outcome: "closed" };
        const { receivedBytes, sealedKey } = segment;
        const end = offset + bytes.length;
        if (offset > receivedBytes) return { outcome: "mismatch", receivedBytes };
        if (end <= receivedBytes && (segment.isFinal || !isFinal)) return { outcome: "taken", receivedBytes };
        if (segment.closedAt !== null) return { outcome: "closed" };
        if (end > mostBytes) return { outcome: "too-long" };
        const fresh = bytes.subarray(Math.min(bytes.length, receivedBytes - offset));
        if (fresh.length > 0) {
          const kept = { callId, epoch, offset: receivedBytes, bytes: fresh };
          const sealed =
            sealedKey === BY_CALL
              ? (await boxOf(tx, callId)).seal(fresh, aboutPiece(kept))
              : sealedKey === null
                ? fresh
                : sealing.seal(sealedKey, kept);
          await tx.insert(pieces).values({ callId, epoch, atByte: receivedBytes, bytes: sealed });
        }
        const now = Math.max(end, receivedBytes);
        await tx
          .update(segments)
          .set({ receivedBytes: now, isFinal: isFinal || segment.isFinal, updatedAt: sql`now()` })
          .where(isIt(piece));
        if (receivedBytes === 0) await tx.execute(ofCalls(callId));
        return { outcome: "taken", receivedBytes: now };
      }),
    async read(callId) {
      const open = await db.select().from(segments).where(eq(segments.callId, callId)).orderBy(asc(segments.epoch));
      const read: Segment[] = [];
      for (const { epoch, sealedKey } of open) {
        const box = sealedKey === BY_CALL ? await boxOf(db, callId) : null;
        const segment: Segment = { epoch, sealedKey: box === null ? sealedKey : null, pieces: [] };
        for (let from = 0, got = PAGE; got === PAGE; ) {
          const page = await db
            .select({ at: pieces.atByte, bytes: pieces.bytes })
            .from(pieces)
            .where(and(eq(pieces.callId, callId), eq(pieces.epoch, epoch), gte(pieces.atByte, from)))
            .orderBy(asc(pieces.atByte))
            .limit(PAGE);
          got = page.length;
          from = (page.at(-1)?.at ?? 0) + 1;
          for (const { at, bytes } of page) {
            const opened = box === null ? bytes : box.open(bytes, aboutPiece({ callId, epoch, offset: at }));
            if (opened === null) throw new Error(`piece ${at} of ${callId}.${epoch} was altered`);
            segment.pieces.push({ at, bytes: opened });
          }
        }
        if (segment.pieces.length > 0) read.push(segment);
      }
      return read;
    },
    async sweep(idleSince) {
      const { rowCount } = await db.execute(sql`
        with done as (
          select s.call_id from recording_segments s left join recordings r on r.call_id = s.call_id and r.made_by = 'agent'
          left join calls c on c.call_id = s.call_id
          where s.closed_at is null and c.status is distinct from 'live'
          group by s.call_id, r.status, r.version
          having max(s.updated_at) < ${idleSince.toISOString()}::timestamptz
            or (r.status = 'ready' and bool_and(s.is_final) and sum(s.received_bytes) = r.version)
        ),
        closed as (
          update recording_segments s set closed_at = now() from done
          where s.call_id = done.call_id and s.closed_at is null returning s.call_id, s.epoch
        ),
        gone as (delete from recording_pieces p using closed c where p.call_id = c.call_id and p.epoch = c.epoch)
        select 1 from closed`);
      return rowCount ?? 0;
    },
  };
}
