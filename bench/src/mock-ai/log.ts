import { createWriteStream } from "node:fs";
import { settings } from "./settings.ts";
import type { Understood } from "./tones.ts";

/** One request, on the machine's clock in ms, so that a turn can be taken apart. */
export type MockEvent =
  | {
      kind: "stt";
      startedAt: number;
      endedAt: number;
      totalMs: number;
      /** How long the words were looked for. */
      foundMs: number;
      text: string;
      isWhole: boolean;
      /** From the clip that it is; null: none. */
      apartDb: number | null;
    }
  // What was sent of the answer.
  | {
      kind: "llm";
      startedAt: number;
      firstAt: number;
      endedAt: number;
      tokens: number;
      chars: number;
      understood: Understood;
      aborted: boolean;
    }
  | {
      kind: "tts";
      startedAt: number;
      firstAt: number;
      endedAt: number;
      chars: number;
      understood: Understood;
      aborted: boolean;
    }
  | { kind: "miss"; startedAt: number; path: string; message: string };

const out = settings.logPath === undefined ? null : createWriteStream(settings.logPath, { flags: "a" });

export function log(event: MockEvent): void {
  out?.write(`${JSON.stringify(event)}\n`);
}
