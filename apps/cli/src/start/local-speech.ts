import type { Out } from "../run.ts";

/** What the demo needs to hear and speak without a key, got once. @throws ParleyError that says how to do it by hand. */
export async function ensureLocalSpeech(out: Out, signal: AbortSignal): Promise<void> {
  const { installLocalSpeech } = await import("@parley/local");
  await installLocalSpeech({ log: (line) => out.complain(line), signal });
}
