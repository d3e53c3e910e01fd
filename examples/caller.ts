/**
 * A simulated caller: goes into a room with a token, says each sentence, waits for the answer to it, and prints both sides.
 * `node examples/caller.ts <serverUrl> <accessToken> "What are your opening hours?" …`; needs no key: it speaks by flite.
 */
import { SimulatedCaller } from "@parley/livekit";
import { fliteTts } from "@parley/local";

const [url, token, ...sentences] = process.argv.slice(2);
if (url === undefined || token === undefined || sentences.length === 0) {
  console.error('usage: node examples/caller.ts <serverUrl> <accessToken> "a sentence" …');
  process.exit(2);
}

const voice = fliteTts({ voice: "rms" });
const caller = await SimulatedCaller.join({ url, token });
try {
  // The greeting.
  await caller.onset(0);
  await caller.quiet();
  for (const text of sentences) {
    const before = caller.hearing.lastLoudAt;
    for await (const { samples } of voice.synthesize({ text, language: "en" }, new AbortController().signal))
      await caller.speak(samples, voice.sampleRateHz);
    await caller.onset(before);
    await caller.quiet(1_200);
  }
  for (const { participantId, text, final } of caller.transcripts.values())
    if (final) console.log(`${participantId === caller.identity ? "caller" : "agent"}: ${text.trim()}`);
} finally {
  await caller.leave();
  await voice.close?.();
}
process.exit(0);
