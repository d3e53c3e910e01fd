import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sealedSecrets } from "../../secrets/secrets.ts";
import type { ByteRange } from "../storage/storage.ts";
import { CHUNK_BYTES, readSealed, sealedLength, sealFile } from "./chunks.ts";
import { recordingKeys } from "./keys.ts";

const key = randomBytes(32);
/** Gives the file out in pieces of this length, and notes what was asked for. */
const storage = (file: Buffer, pieceBytes = 10_000) => {
  const asked: ByteRange[] = [];
  return {
    asked,
    async read(_object: string, range: ByteRange) {
      asked.push(range);
      const part = file.subarray(range.start, range.end);
      const pieces = Array.from({ length: Math.ceil(part.length / pieceBytes) }, (_, index) =>
        part.subarray(index * pieceBytes, (index + 1) * pieceBytes),
      );
      return Readable.from(pieces, { objectMode: false });
    },
  };
};
const read = async (file: Buffer, bytes: number, range: ByteRange = { start: 0, end: bytes }) =>
  buffer(await readSealed(storage(file), "a", { key, bytes, range }));

describe("a sealed file", () => {
  test("gives any range of what was sealed", async () => {
    const length = fc.oneof(
      fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES),
      fc.nat(4 * CHUNK_BYTES),
    );
    await fc.assert(
      fc.asyncProperty(length, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 200_000 }), async (bytes, a, b, piece) => {
        const plain = randomBytes(bytes);
        const file = await sealFile(key, plain);
        expect(file.length).toBe(sealedLength(bytes));
        const [start, end] = [a % (bytes + 1), b % (bytes + 1)].sort((x, y) => x - y) as [number, number];
        const stream = await readSealed(storage(file, piece), "a", { key, bytes, range: { start, end } });
        expect((await buffer(stream)).equals(plain.subarray(start, end))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("holds nothing of the sound, and is read by no more chunks than are needed", async () => {
    const plain = Buffer.alloc(5 * CHUNK_BYTES, "sound");
    const file = await sealFile(key, plain);
    expect(file.includes("soundsound")).toBe(false);
    const source = storage(file);
    const range = { start: CHUNK_BYTES + 5, end: 2 * CHUNK_BYTES + 1 };
    await buffer(await readSealed(source, "a", { key, bytes: plain.length, range }));
    expect(source.asked).toEqual([{ start: CHUNK_BYTES + 16, end: 3 * (CHUNK_BYTES + 16) }]);
  });

  test("does not open when it was altered, cut, put in another order, or sealed by another key", async () => {
    const bytes = 3 * CHUNK_BYTES;
    const file = await sealFile(key, randomBytes(bytes));
    const sealed = CHUNK_BYTES + 16;
    const flipped = Buffer.from(file);
    flipped[sealed + 7] = flipped[sealed + 7]! ^ 1;
    const [one, two, three] = [0, 1, 2].map((index) => file.subarray(index * sealed, (index + 1) * sealed));
    const altered = { code: "recording-file-altered" };
    await expect(read(flipped, bytes)).rejects.toMatchObject(altered);
    await expect(read(Buffer.concat([two!, one!, three!]), bytes)).rejects.toMatchObject(altered);
    // The row's length is what says how much there should be: a shorter one must not make a shorter file whole.
    await expect(read(file.subarray(0, 2 * sealed), 2 * CHUNK_BYTES)).rejects.toMatchObject(altered);
    await expect(read(await sealFile(randomBytes(32), randomBytes(bytes)), bytes)).rejects.toMatchObject(altered);
  });
});

describe("the keys of recordings", () => {
  const none = { seal: async () => null, open: () => Promise.reject(new Error("nothing was sealed")) };
  const keys = recordingKeys(sealedSecrets([randomBytes(32)]), none, true);

  test("open for their own file alone", async () => {
    const file = { callId: "c", object: "a.ogg" };
    const made = (await keys.newKey(file))!;
    expect((await keys.open(made.sealedKey, file)).equals(made.key)).toBe(true);
    expect(made.sealedKey).not.toContain(made.key.toString("base64url"));
    await expect(keys.open(made.sealedKey, { ...file, object: "b.ogg" })).rejects.toThrow("cannot be opened");
  });

  test("are sealed with the call's data key, where it has one", async () => {
    const box = boxed();
    const byCall = recordingKeys(sealedSecrets([]), box, true);
    const file = { callId: "c", object: "a.ogg" };
    const made = (await byCall.newKey(file))!;
    expect((await byCall.open(made.sealedKey, file)).equals(made.key)).toBe(true);
    expect(box.asked).toEqual(["c recordings/a.ogg", "c recordings/a.ogg"]);
  });

  test("open a piece at its own place alone", () => {
    const piece = { callId: "c", epoch: 1, offset: 500, bytes: Buffer.from("sound") };
    const sealedKey = keys.pieces.newKey(piece)!;
    const sealed = { ...piece, bytes: keys.pieces.seal(sealedKey, piece) };
    expect(sealed.bytes.includes("sound")).toBe(false);
    expect(String(keys.openPiece(sealedKey, sealed))).toBe("sound");
    expect(() => keys.openPiece(sealedKey, { ...sealed, offset: 501 })).toThrow();
    expect(() => keys.openPiece(sealedKey, { ...sealed, callId: "d" })).toThrow("cannot be opened");
  });

  test("are none where nothing is encrypted", async () => {
    const plain = recordingKeys(sealedSecrets([]), none, false);
    expect(await plain.newKey({ callId: "c", object: "a" })).toBe(null);
    expect(plain.pieces.newKey({ callId: "c", epoch: 1 })).toBe(null);
  });
});

/** Data keys that only turn bits around, and note what they are asked for. */
function boxed() {
  const asked: string[] = [];
  const turned = async (callId: string, bytes: Uint8Array, about: string) => {
    asked.push(`${callId} ${about}`);
    return Buffer.from(bytes.map((byte) => byte ^ 255));
  };
  return { asked, seal: turned, open: turned };
}

describe("what was sealed long ago opens", () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
  const sound = "OggS and so on";

  test("a file", async () => {
    const file = Buffer.from("rUvlbITOgmNqd2rjU69+pk/LlBxGeDYQMvvDjOcT", "base64");
    const range = { start: 0, end: sound.length };
    const opened = await buffer(await readSealed(storage(file), "a", { key, bytes: sound.length, range }));
    expect(opened.toString()).toBe(sound);
    // Nothing of it is random: one of two chunks is what it was, too.
    const twoChunks = createHash("sha256").update(await sealFile(key, Buffer.alloc(70_000, 7)));
    expect(twoChunks.digest("hex")).toBe("6123b39922b73d4c0bf9f474a87bb4a742ebeafa7bbe52bbcbe792502c694710");
  });

  test("a piece", () => {
    const noKeys = { seal: async () => null, open: () => Promise.reject(new Error("none")) };
    const keys = recordingKeys(sealedSecrets([key]), noKeys, true);
    const sealedKey =
      "s1.kEz5cva88Ix.4H2rsH4lEGSGSwweSKkpCEGHzz-ZFG0bUMaNPLwOJC2zP7ohtwW_ONAjjSnWIETOhjW1uRO64I72btNerUaQZhYP8UVmU7c";
    const bytes = Buffer.from("zJcBRmywFrt0ctMAQy5klo+L9t5V9KsEggIYLoR4K57waN8bVidVfUBk", "base64");
    expect(keys.openPiece(sealedKey, { callId: "c1", epoch: 2, offset: 48, bytes }).toString()).toBe(sound);
  });
});
