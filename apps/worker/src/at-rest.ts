import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Everything of the start is done by then, its compiled code is kept, and an idle measurement has not begun. */
const AFTER_MS = 3_000;

/**
 * What a start leaves over is collected once, when nobody calls: V8 would do so only after its heap has grown again, which
 * it does not while nothing happens. Thoroughly: compiled code that ran once, to load something, goes too. An idle worker takes
 * 145 MiB instead of 185 (docs/decisions/014). Where somebody calls by then their calls come first.
 */
export function collectAfterStart(isAtRest: () => boolean): void {
  setTimeout(() => {
    if (isAtRest()) collect();
  }, AFTER_MS).unref();
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof gc === "function") gc({ type: "major", flavor: "last-resort" });
}
