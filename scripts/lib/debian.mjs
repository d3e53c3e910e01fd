import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { outputOf, runQuietly } from "./run.mjs";
import { say } from "./say.mjs";

/** A program that the tests use, and the Debian package that has it. */
const programs = [
  { program: "chromium", also: ["chromium-browser", "google-chrome"], debian: "chromium" },
  { program: "espeak-ng", also: [], debian: "espeak-ng" },
  { program: "redis-server", also: [], debian: "redis-server" },
  { program: "sox", also: [], debian: "sox" },
  { program: "openssl", also: [], debian: "openssl" },
  { program: "lame", also: [], debian: "lame" },
  { program: "opusdec", also: [], debian: "opus-tools" },
];

function onPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((dir) => dir !== "" && existsSync(join(dir, name)));
}

/** Installs what the tests need and the machine lacks; says what to install when it may not. */
export function installTestPrograms() {
  const missing = programs.filter(({ program, also }) => ![program, ...also].some(onPath)).map(({ debian }) => debian);
  if (missing.length === 0) return;
  const command = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  const byHand = `Please install ${missing.join(", ")} (on Debian: sudo ${command.join(" ")}).`;
  if (!onPath("apt-get")) return say(byHand);
  const root = process.getuid?.() === 0;
  if (!root && outputOf("sudo", ["-n", "true"]) === null) return say(byHand);
  say(`Installing ${missing.join(", ")} ...`);
  const as = root ? [] : ["sudo", "-n"];
  const run = (args) =>
    runQuietly([...as, ...args][0], [...as, ...args].slice(1), { env: { DEBIAN_FRONTEND: "noninteractive" } });
  if (run(command) === 0) return;
  run(["apt-get", "update"]);
  if (run(command) !== 0) say(`That failed. ${byHand}`);
}
