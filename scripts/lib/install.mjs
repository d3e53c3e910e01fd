import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";
import { runQuietly } from "./run.mjs";
import { say, stop } from "./say.mjs";

const lockFile = join(root, "package-lock.json");
/** npm writes it when an install is whole. */
const npmStamp = join(root, "node_modules", ".package-lock.json");
/** Ours holds the lock's hash, so that a checkout which only touches the file installs nothing. */
const ourStamp = join(root, "node_modules", ".parley-installed");

function lockHash() {
  return createHash("sha256").update(readFileSync(lockFile)).digest("hex");
}

function installed() {
  if (!existsSync(npmStamp)) return false;
  if (statSync(npmStamp).mtimeMs >= statSync(lockFile).mtimeMs) return true;
  return existsSync(ourStamp) && readFileSync(ourStamp, "utf8") === lockHash();
}

/** Dependencies as the lock file says; nothing to do when they are there. */
export function installDependencies() {
  if (installed()) return;
  say("Installing dependencies (npm ci; a few minutes the first time) ...");
  // onnxruntime-node's script would fetch GPU libraries; the CPU ones are in the package.
  const options = { cwd: root, env: { ONNXRUNTIME_NODE_INSTALL: "skip", NODE_ENV: "" } };
  const flags = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  if (runQuietly("npm", ["ci", ...flags], options) !== 0) {
    // A registry that lacks packages for other platforms makes npm think that the lock file is out of date.
    say("npm ci did not work here; trying npm install ...");
    if (runQuietly("npm", ["install", "--no-save", ...flags], options) !== 0) {
      stop("The dependencies could not be installed; what npm printed above says why.");
    }
  }
  writeFileSync(ourStamp, lockHash());
}

/** The Node 24 that came with the dependencies; every part of Parley runs on it. */
export function node24() {
  const path = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(path)) return path;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  say("Installing Node 24 ...");
  runQuietly("npm", ["rebuild", "node"], { cwd: root });
  if (existsSync(path)) return path;
  return stop(
    "Parley needs Node 24: it normally comes with the dependencies, but the npm package `node` did not install.\n" +
      "Install Node 24 yourself (https://nodejs.org), or run `npm rebuild node` and look at its errors.",
  );
}
