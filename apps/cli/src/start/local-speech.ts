import type { Out } from "../run.ts";

/** The demo agent needs no key, but it needs ears: gets what is missing. Throws ParleyError when that fails. */
export async function ensureLocalSpeech(out: Out, signal: AbortSignal): Promise<void> {
  const { installLocalSpeech } = await import("@parley/local");
  await installLocalSpeech({ log: (line) => out.complain(line), signal });
}
