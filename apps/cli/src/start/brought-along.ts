import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ParleyError } from "@parley/engine";

/** In the repository beside the apps; in the published package compiled, beside this program. */
const places = ["../../../../examples/receptionist.ts", "../examples/receptionist.js"];

/** The agent that `start` and `dev` run when none is named; it needs no key. */
export function demoAgent(): string {
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found) return found;
  const message = `the demo agent is not at ${paths.join(" or ")}; name an agent file of your own`;
  throw new ParleyError(message, { code: "demo-missing", category: "configuration" });
}

/** The built page that the published package brings along; null in the repository, where the server knows its place. */
export function packedPage(): string | null {
  const path = fileURLToPath(new URL("../web", import.meta.url));
  return existsSync(join(path, "index.html")) ? path : null;
}
