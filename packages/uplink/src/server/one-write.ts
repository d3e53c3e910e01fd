import type { Writable } from "node:stream";

/**
 * To be called before something is written: what is written until this turn of the loop is over goes out in one piece.
 * One commit answers dozens of batches, and each write of a socket is a system call.
 */
export function oneWrite(raw: Writable): () => void {
  let isCorked = false;
  return () => {
    if (isCorked) return;
    isCorked = true;
    raw.cork();
    // After everything that one answer of the store sets going.
    process.nextTick(() => {
      isCorked = false;
      raw.uncork();
    });
  };
}
