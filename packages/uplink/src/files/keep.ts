import { silentLog, type UplinkLog } from "../log.ts";
import { ABANDONED_MS, type CallFile, diskCap, hasEnded, listCallFiles } from "./folder.ts";
import type { OpenLine } from "./lines.ts";

export interface KeptCallFiles {
  /** False while files of calls that still run fill the cap. */
  hasRoom(): boolean;
  /** Looks at once instead of at the next turn. */
  check(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

/** For a worker without a server: call files stay where they are, under a cap; the oldest ended calls go first. */
export function keepCallFiles({
  dir,
  capMiB = 512,
  everyMs = 10_000,
  openLine,
  log = silentLog,
}: {
  dir: string;
  capMiB?: number;
  everyMs?: number;
  /** As `UplinkOptions` has it. */
  openLine?: OpenLine;
  log?: UplinkLog;
}): KeptCallFiles {
  const cap = diskCap({ capMiB, dir, log });
  const isDisposable = async (file: CallFile) =>
    Date.now() - file.modifiedMs > ABANDONED_MS || (await hasEnded(file, openLine));
  const check = async () => {
    await cap.enforce(await listCallFiles(dir), isDisposable);
  };
  const checkQuietly = () =>
    void check().catch((error: unknown) =>
      log.warn({ dir, error: String(error) }, "call files could not be looked at"),
    );
  checkQuietly();
  const timer = setInterval(checkQuietly, everyMs);
  timer.unref();
  return { hasRoom: cap.hasRoom, check, close: () => clearInterval(timer) };
}
