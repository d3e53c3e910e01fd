import { gunzipSync } from "node:zlib";

const BLOCK = 512;
const MAX_UNPACKED_BYTES = 400 * 1024 * 1024;

/**
 * The bytes of one regular file of a .tar.gz (POSIX ustar), found by the last part of its name; null when it is not
 * in there. Throws when the archive is cut or is no gzip at all.
 */
export function fileFromTarGz(archive: Uint8Array, fileName: string): Uint8Array | null {
  const tar = gunzipSync(archive, { maxOutputLength: MAX_UNPACKED_BYTES });
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    if (header[0] === 0) return null;
    const name = text(header, 0, 100);
    const size = Number.parseInt(text(header, 124, 12).trim(), 8);
    if (!Number.isInteger(size) || size < 0) throw new Error("not a tar archive");
    const type = String.fromCharCode(header[156] ?? 0);
    const body = at + BLOCK;
    if (body + size > tar.length) throw new Error("the archive is cut short");
    if ((type === "0" || type === "\0") && name.split("/").at(-1) === fileName) return tar.subarray(body, body + size);
    at = body + Math.ceil(size / BLOCK) * BLOCK;
  }
  return null;
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("latin1");
}
