import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { DataKeys, Piece, PieceSealing } from "@parley/store";
import type { Secrets } from "../../secrets/secrets.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

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
  const placeOf = ({ callId, epoch, offset }: At) => Buffer.from(`${callId}/${epoch}/${offset}`);

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
        const iv = randomBytes(IV_BYTES);
        const key = opened(sealedKey, aboutSegment(piece));
        const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(placeOf(piece));
        return Buffer.concat([iv, cipher.update(piece.bytes), cipher.final(), cipher.getAuthTag()]);
      },
    },
    openPiece(sealedKey, piece) {
      const { bytes } = piece;
      const key = opened(sealedKey, aboutSegment(piece));
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(placeOf(piece))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    },
  };
}
