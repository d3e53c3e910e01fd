import { installLocalSpeech, localSpeechStatus, type SpeechPart } from "@parley/local";
import type { Check } from "./check.ts";

/** What the demo, and agents that say `local/…`, hear and speak with. */
export async function speechChecks(): Promise<Check[]> {
  const parts = await localSpeechStatus();
  return parts.map(({ part }) => ({
    name: part,
    needed: "needed",
    // Looked at anew: a fix of one part may have mended another.
    look: async () => finding((await localSpeechStatus()).find((now) => now.part === part)),
  }));
}

function finding(part: SpeechPart | undefined): Awaited<ReturnType<Check["look"]>> {
  if (!part) throw new RangeError("a part of local speech vanished while it was looked at");
  if (part.ok) return { ok: true, says: part.detail };
  const fix = () => installLocalSpeech({ log: (line) => void process.stderr.write(`${line}\n`) });
  return { ok: false, says: part.detail, how: part.fix ?? "parley doctor --fix", fix };
}
