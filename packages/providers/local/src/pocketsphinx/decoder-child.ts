/**
 * A process that decodes: frames in on standard input, JSON lines out on standard output (protocol.ts). A process and
 * not a thread, because PocketSphinx ends the program on an internal error, and a call must outlive that.
 * Argument: the path of libpocketsphinx.
 */
import { ESTIMATE_SAMPLES, LineSounds, speechStart } from "./line-sounds.ts";
import { type DecoderHandle, PocketSphinx } from "./native.ts";
import { type DecoderReply, type Frame, frameReader, type LoadRequest } from "./protocol.ts";

const INTERIM_EVERY_MS = 200;
/** However quiet it is, a new line waits no longer: 3 s. */
const MOST_HELD = 48_000;
const NOTHING = new Int16Array(0);

interface Slot {
  decoder: DecoderHandle | undefined;
  /** The wanted utterance; work for any other is skipped. */
  utterance: number | undefined;
  speaker: number;
  state: "idle" | "listening" | "decoding";
  /** Sound of a new line that waits for its estimate. */
  held: Int16Array;
  /** Work of one slot is done in order; slots run side by side in the thread pool. */
  tail: Promise<void>;
  interim: string;
  interimAt: number;
}

const sphinx = new PocketSphinx(process.argv[2] ?? "libpocketsphinx.so.3");
const lines = new LineSounds();
const slots = new Map<number, Slot>();
const say = (reply: DecoderReply) => process.stdout.write(`${JSON.stringify(reply)}\n`);

function slotOf(index: number): Slot {
  let slot = slots.get(index);
  if (slot === undefined) {
    slot = {
      decoder: undefined,
      utterance: undefined,
      speaker: 0,
      state: "idle",
      held: NOTHING,
      tail: Promise.resolve(),
      interim: "",
      interimAt: 0,
    };
    slots.set(index, slot);
  }
  return slot;
}

async function load(slot: Slot, index: number, payload: Uint8Array): Promise<void> {
  if (slot.decoder !== undefined) sphinx.free(slot.decoder);
  slot.decoder = undefined;
  try {
    slot.decoder = await sphinx.create(JSON.parse(Buffer.from(payload).toString()) as LoadRequest);
    say({ type: "loaded", slot: index });
  } catch (error) {
    say({ type: "load-failed", slot: index, why: String(error) });
  }
}

async function work(slot: Slot, frame: Frame): Promise<void> {
  if (frame.kind === "load") return load(slot, frame.slot, frame.payload);
  const decoder = slot.decoder;
  if (decoder === undefined) return;
  const { buffer, byteOffset, byteLength } = frame.payload;
  switch (frame.kind) {
    case "start":
      slot.speaker = new DataView(buffer, byteOffset, byteLength).getUint32(0, true);
      return begin(slot, decoder);
    case "audio":
      // A cancelled utterance is left at once, whatever of its sound still waits.
      if (slot.utterance !== frame.utterance || slot.state === "idle") return;
      return hear(slot, decoder, frame.utterance, new Int16Array(buffer as ArrayBuffer, byteOffset, byteLength >> 1));
    case "finish":
    case "cancel":
      return end(slot, decoder, frame);
    default:
      return frame.kind satisfies never;
  }
}

function begin(slot: Slot, decoder: DecoderHandle): void {
  Object.assign(slot, { held: NOTHING, interim: "", interimAt: performance.now() });
  const known = lines.get(slot.speaker);
  slot.state = known === undefined ? "listening" : "decoding";
  if (known === undefined) return;
  sphinx.setLineSound(decoder, known);
  sphinx.start(decoder);
}

async function hear(slot: Slot, decoder: DecoderHandle, utterance: number, samples: Int16Array): Promise<void> {
  if (slot.state === "listening") {
    slot.held = joined(slot.held, samples);
    const enough = slot.held.length - speechStart(slot.held) >= ESTIMATE_SAMPLES || slot.held.length >= MOST_HELD;
    return enough ? startHeld(slot, decoder) : undefined;
  }
  await sphinx.process(decoder, samples);
  const now = performance.now();
  if (now - slot.interimAt < INTERIM_EVERY_MS) return;
  const text = sphinx.partial(decoder);
  if (text === slot.interim) return;
  slot.interim = text;
  slot.interimAt = now;
  say({ type: "interim", utterance, text });
}

/** The line is known well enough: what was held is decoded. */
async function startHeld(slot: Slot, decoder: DecoderHandle): Promise<void> {
  const { held } = slot;
  slot.held = NOTHING;
  const speechAt = speechStart(held);
  const sound = await sphinx.estimateLineSound(decoder, held.subarray(speechAt < held.length ? speechAt : 0));
  if (sound !== undefined) sphinx.setLineSound(decoder, sound);
  sphinx.start(decoder);
  slot.state = "decoding";
  if (held.length > 0) await sphinx.process(decoder, held);
}

function joined(a: Int16Array, b: Int16Array): Int16Array {
  const whole = new Int16Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

async function end(slot: Slot, decoder: DecoderHandle, frame: Frame): Promise<void> {
  const wanted = slot.utterance === frame.utterance && frame.kind === "finish";
  if (slot.state === "listening" && wanted) await startHeld(slot, decoder);
  slot.held = NOTHING;
  const decoded = slot.state === "decoding";
  slot.state = "idle";
  if (decoded) await sphinx.end(decoder);
  if (frame.kind === "cancel") say({ type: "idle", slot: frame.slot, utterance: frame.utterance });
  if (!wanted || !decoded) return;
  lines.set(slot.speaker, sphinx.lineSound(decoder));
  say({ type: "final", utterance: frame.utterance, segments: await sphinx.segments(decoder) });
}

const read = frameReader((frame) => {
  const slot = slotOf(frame.slot);
  if (frame.kind === "start") slot.utterance = frame.utterance;
  if (frame.kind === "cancel" && slot.utterance === frame.utterance) slot.utterance = undefined;
  // What fails here leaves a decoder in an unknown state: end, and be started anew.
  slot.tail = slot.tail.then(() => work(slot, frame)).catch(giveUp);
});

function giveUp(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

process.stdin.on("data", (chunk: Buffer) => {
  try {
    read(chunk);
  } catch (error) {
    giveUp(error);
  }
});
// Parley has gone: so does its decoder.
process.stdin.on("end", () => process.exit(0));
process.stdout.on("error", () => process.exit(0));
say({ type: "ready" });
