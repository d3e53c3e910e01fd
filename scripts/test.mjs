// `npm test`: installs what is missing, then runs every test. Needs Node 20 or newer and npm, nothing else.
// `npm test -- unit calls` runs only those parts.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { installTestPrograms } from "./lib/debian.mjs";
import { installDependencies, node24 } from "./lib/install.mjs";
import { root } from "./lib/root.mjs";
import { runQuietly } from "./lib/run.mjs";
import { say, stop } from "./lib/say.mjs";
import { buildWeb } from "./lib/web.mjs";

/** In this order: what is broken shows in seconds. The bounds only catch what hangs. */
const projects = [
  { name: "unit", boundMinutes: 10 },
  { name: "properties", boundMinutes: 16 },
  { name: "platform", project: "live", boundMinutes: 16 },
  { name: "calls", project: "live", boundMinutes: 30 },
  { name: "e2e", boundMinutes: 12 },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !projects.some((part) => isCalled(part, name)));
if (unknown.length > 0) {
  const known = [...projects.map(({ name }) => name), "live (platform and calls)"];
  stop(`There is no part ${unknown.join(", ")}; there are ${known.join(", ")}.`, 2);
}

installDependencies();
const node = node24();
installTestPrograms();
buildWeb(node);
if (runQuietly(node, [join(root, "apps", "cli", "src", "main.js"), "doctor", "--fix"], { cwd: root }) !== 0) {
  say("Something that the tests need is missing (see above); the tests that use it will fail.");
}

const results = mkdtempSync(join(tmpdir(), "parley-test-"));
const sum = { passed: 0, failed: 0 };
for (const project of projects) {
  if (wanted.length > 0 && !wanted.some((name) => isCalled(project, name))) continue;
  const count = await run(project);
  process.stdout.write(`${project.name}: ${count.passed} passed, ${count.failed} failed\n`);
  sum.passed += count.passed;
  sum.failed += count.failed;
}
rmSync(results, { recursive: true, force: true });
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`);
process.exitCode = sum.failed > 0 ? 1 : 0;

function isCalled({ name, project }, wantedName) {
  return wantedName === name || wantedName === project;
}

async function run({ name, project = name, boundMinutes }) {
  const report = join(results, `${name}.json`);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [
    vitest,
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const env = { ...process.env, LIVE_PART: name, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const child = spawn(node, args, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
  const bound = setTimeout(() => {
    say(`${name}: not finished after ${boundMinutes} minutes; ended.`);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
  }, boundMinutes * 60_000);
  const code = await new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (exitCode) => resolve(exitCode ?? 1));
  });
  clearTimeout(bound);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests: failed, testResults } = JSON.parse(readFileSync(report, "utf8"));
  // A file that could not even be loaded holds no test, and still is a failure.
  const broken = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  const all = failed + broken;
  return { passed, failed: all === 0 && code !== 0 ? 1 : all };
}
