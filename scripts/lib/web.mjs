import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";
import { runQuietly } from "./run.mjs";
import { say, stop } from "./say.mjs";

const page = join(root, "apps", "web", "dist", "index.html");
const sources = ["apps/web", "packages/client"];
const notSources = new Set(["dist", "node_modules"]);

function newestMs(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path).filter((name) => !notSources.has(name) && !/[.]test[.]tsx?$/.test(name));
  return Math.max(0, ...inside.map((name) => newestMs(join(path, name))));
}

/** Builds the talk page when it is missing or older than its sources. */
export function buildWeb(node) {
  const built = existsSync(page) ? statSync(page).mtimeMs : 0;
  if (built > Math.max(...sources.map((path) => newestMs(join(root, path))))) return;
  say("Building the web page ...");
  const bin = join(root, "node_modules", ".bin");
  const env = { PATH: `${join(node, "..")}:${bin}:${process.env.PATH}`, NODE_ENV: "production" };
  const code = runQuietly("npm", ["run", "build", "-w", "@parley/web", "--silent"], { cwd: root, env });
  if (code !== 0) stop("The web page could not be built; what its build printed above says why.");
}
