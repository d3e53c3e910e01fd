import { open } from "node:fs/promises";

const NEWLINE = 10;
/** No fact is that long: a line that does not end by then is not one of ours. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

export interface Line {
  text: string;
  /** Offset behind this line's newline. */
  endOffset: number;
}

/** How a line is read that may be sealed. Null: with a key that is not here. */
export type OpenLine = (line: string) => string | null;
export const asItIs: OpenLine = (line) => line;

/** Null: one of them is sealed with a key that is not here. */
export function openLines(lines: readonly Line[], open: OpenLine): Line[] | null {
  const opened: Line[] = [];
  for (const { text, endOffset } of lines) {
    const plain = open(text);
    if (plain === null) return null;
    opened.push({ text: plain, endOffset });
  }
  return opened;
}

export interface Lines {
  lines: Line[];
  /** There are bytes behind these lines; perhaps not yet a whole line. */
  more: boolean;
  /** True when the next line exceeds MAX_LINE_BYTES. */
  overlong: boolean;
}

/**
 * Whole lines of a growing file from `offset`: at least one when there is one, further ones up to `maxBytes`. A last line
 * without its newline is still being written and stays for the next time.
 */
export async function readLines(path: string, offset: number, maxBytes: number): Promise<Lines> {
  const file = await open(path, "r");
  try {
    const availableBytes = (await file.stat()).size - offset;
    for (let wantedBytes = maxBytes; ; wantedBytes *= 4) {
      const sizeBytes = Math.min(wantedBytes, availableBytes, MAX_LINE_BYTES);
      if (sizeBytes <= 0) return { lines: [], more: false, overlong: false };
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(sizeBytes), 0, sizeBytes, offset);
      const data = buffer.subarray(0, bytesRead);
      if (data.indexOf(NEWLINE) !== -1) return split(data, offset, bytesRead < availableBytes);
      if (bytesRead === availableBytes || bytesRead < sizeBytes) return { lines: [], more: false, overlong: false };
      if (sizeBytes === MAX_LINE_BYTES) return { lines: [], more: false, overlong: true };
    }
  } finally {
    await file.close();
  }
}

function split(data: Buffer, offset: number, more: boolean): Lines {
  const lines: Line[] = [];
  let start = 0;
  for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, start)) {
    lines.push({ text: data.toString("utf8", start, end), endOffset: offset + end + 1 });
    start = end + 1;
  }
  return { lines, more, overlong: false };
}
