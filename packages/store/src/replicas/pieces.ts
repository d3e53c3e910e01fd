/** `NOTIFY` takes less than 8,000 bytes. */
const PIECE = 7_500;
/** A message is at most this long: a full lease has some hundred pieces. */
const MAX_PIECES = 2_000;

/** Splits a message into payloads of plain ASCII: `sender.number.index.count:text`. */
export function split(sender: string, number: number, text: string): string[] {
  const ascii = text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const count = Math.max(1, Math.ceil(ascii.length / PIECE));
  if (count > MAX_PIECES) throw new RangeError(`a message of ${ascii.length} bytes is too long for the other replicas`);
  return Array.from(
    { length: count },
    (_, i) => `${sender}.${number}.${i}.${count}:${ascii.slice(i * PIECE, (i + 1) * PIECE)}`,
  );
}

/** Puts messages together again; pieces of one sender come in order. Null: there is more to come, or nothing of it is whole. */
export function assembler(): (payload: string) => { sender: string; text: string } | null {
  const open = new Map<string, { number: string; pieces: string[] }>();
  return (payload) => {
    const head = /^([\w-]{1,64})\.(\d+)\.(\d+)\.(\d+):/.exec(payload);
    if (head === null) return null;
    const [prefix, sender, number, index, count] = head as unknown as [string, string, string, string, string];
    const text = payload.slice(prefix.length);
    const begun = open.get(sender);
    const pieces = Number(index) === 0 ? [] : begun?.number === number ? begun.pieces : null;
    // Without its beginning: it was sent before we listened.
    if (pieces === null || pieces.length !== Number(index) || Number(count) > MAX_PIECES) return null;
    pieces.push(text);
    if (pieces.length < Number(count)) {
      open.set(sender, { number, pieces });
      return null;
    }
    open.delete(sender);
    return { sender, text: pieces.join("") };
  };
}
