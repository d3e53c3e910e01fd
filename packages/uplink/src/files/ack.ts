import { open, readFile, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { ackPath } from "./name.ts";

const schema = z.object({
  /** Highest seq that the server has stored. */
  seq: z.int().min(0),
  /** The file's bytes up to there. */
  offset: z.int().min(0),
  /** Nothing more will come and everything is stored: may be deleted. */
  complete: z.boolean().optional(),
});
export type Ack = z.infer<typeof schema>;

const NONE: Ack = { seq: 0, offset: 0 };

/**
 * How much of the file the server has. Anything doubtful counts as nothing: the facts are then sent again, which the
 * server sees.
 */
export async function readAck(path: string, sizeBytes: number): Promise<Ack> {
  let ack: Ack;
  try {
    ack = schema.parse(JSON.parse(await readFile(ackPath(path), "utf8")));
  } catch {
    return NONE;
  }
  if (ack.offset > sizeBytes || !(await endsLine(path, ack.offset))) return NONE;
  return ack;
}

export async function writeAck(path: string, ack: Ack): Promise<void> {
  await writeFile(ackPath(path), JSON.stringify(ack), { mode: 0o600 });
}

export async function removeCallFile(path: string): Promise<void> {
  // The file first: a lone ack is litter, a file without its ack would be sent again.
  await rm(path, { force: true });
  await rm(ackPath(path), { force: true });
}

async function endsLine(path: string, offset: number): Promise<boolean> {
  if (offset === 0) return true;
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset - 1);
    return buffer[0] === 10;
  } finally {
    await file.close();
  }
}
