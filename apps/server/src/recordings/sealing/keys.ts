import { randomBytes } from "node:crypto";
import { boxOf } from "@parley/engine/sealing";
import type { DataKeys, Piece, PieceSealing } from "@parley/store";
import type { Secrets } from "../../secrets/secrets.ts";

const KEY_BYTES = 32;

type Of = Pick<Piece, "callId" | "epoch">;
type OfCall = { callId: string; object: string };
type At = Of & Pick<Piece, "offset">;

/** The keys of recordings, each of one file, and what they seal in the database. */
export interface RecordingKeys {
  /** Sealed with the call's data key, which is destroyed with the call. Null: the file lies in plain. */
  newKey(file: OfCall): Promise<{ key: Buffer; sealedKey: string } | null>;
  /** Throws HttpProblem 503 `secret-key-missing`, `secret-unreadable`; StoreError `data-key-destroyed`. */
  open(sealedKey: string, file: OfCall): Promise<Buffer>;
  pieces: PieceSealing;
  /** Throws HttpProblem as `open`, and when the piece was altered. */
  openPiece(sealedKey: string, piece: At & { bytes: Buffer }): Buffer;
}

/** What was sealed with a call's data key; else it was with the secret key alone. */
const BY_CALL = /^d1\.([\w-]+)$/;

export function recordingKeys(
  secrets: Secrets,
  dataKeys: Pick<DataKeys, "seal" | "open">,
  encrypt: boolean,
): RecordingKeys {
  const aboutFile = (object: string) => `recordings/${object}`;
  const aboutSegment = ({ callId, epoch }: Of) => `recording-segments/${callId}.${epoch}`;
  const fresh = (about: string) => {
    const key = randomBytes(KEY_BYTES);
    return { key, sealedKey: secrets.seal(key.toString("base64url"), about) };
  };
  const opened = (sealedKey: string, about: string) => Buffer.from(secrets.open(sealedKey, about), "base64url");
  const placeOf = ({ callId, epoch, offset }: At) => `${callId}/${epoch}/${offset}`;
  const boxOfPieces = (sealedKey: string, piece: Of) => boxOf(opened(sealedKey, aboutSegment(piece)), "behind");

  return {
    async newKey({ callId, object }) {
      if (!encrypt) return null;
      const key = randomBytes(KEY_BYTES);
      const sealed = await dataKeys.seal(callId, key, aboutFile(object));
      // Calls from before there were data keys have none.
      return sealed === null ? fresh(aboutFile(object)) : { key, sealedKey: `d1.${sealed.toString("base64url")}` };
    },
    async open(sealedKey, { callId, object }) {
      const sealed = BY_CALL.exec(sealedKey)?.[1];
      if (sealed === undefined) return opened(sealedKey, aboutFile(object));
      return dataKeys.open(callId, Buffer.from(sealed, "base64url"), aboutFile(object));
    },
    pieces: {
      newKey: (segment) => (encrypt ? fresh(aboutSegment(segment)).sealedKey : null),
      seal(sealedKey, piece) {
        return boxOfPieces(sealedKey, piece).seal(piece.bytes, placeOf(piece));
      },
    },
    openPiece(sealedKey, piece) {
      const bytes = boxOfPieces(sealedKey, piece).open(piece.bytes, placeOf(piece));
      if (bytes === null) throw new Error(`a piece of a recording was altered (${placeOf(piece)})`);
      return bytes;
    },
  };
}
