import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeWav, encodeWav, rms } from "@parley/audio";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

let dir: string;
let project: string;

function run(command: string, args: string[], cwd: string): string {
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const env = { ...process.env, PATH, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const result = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env });
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${result.status}:\n${result.stdout}${result.stderr}`);
}

/** The packages as a registry would have them, in a project that knows nothing of this repository. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-outside-"));
  project = join(dir, "project");
  const tarballs = join(dir, "tarballs");
  run(process.execPath, [join(root, "scripts", "pack.mjs"), tarballs], root);
  run("mkdir", ["-p", project], dir);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "outside", private: true, type: "module" }));
  const packed = globSync("*.tgz", { cwd: tarballs }).map((name) => join(tarballs, name));
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", ...packed], project);
  writeFileSync(
    join(project, "agent.ts"),
    `import { defineAgent, tool } from "@parley/agent";
     import { receptionistPhrases } from "@parley/local";
     import { z } from "zod";
     const now = tool({
       name: "now",
       description: "What time it is",
       parameters: z.object({ zone: z.string() }),
       execute: ({ zone }: { zone: string }) => ({ zone, time: "noon" }),
     });
     export default defineAgent({
       name: "outside",
       greeting: "Hello {{metadata.who}}.",
       stt: "local/pocketsphinx",
       llm: "local/receptionist",
       tts: "local/flite",
       phrases: receptionistPhrases,
       vad: "silero",
       tools: [now],
     });`,
  );
}, 900_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("an agent of one file runs in an outside project", () => {
  const parley = join("node_modules", ".bin", "parley");
  const args = ["call", "agent.ts", "--text", "when are you open on friday", "--metadata", '{"who":"Bob"}'];
  const printed = run(process.execPath, [parley, ...args], project);
  expect(printed).toContain("agent: Hello Bob.\ncaller: when are you open on friday\nagent: We are open on Friday");
});

it("and it hears and speaks there", async () => {
  writeFileSync(join(project, "question.wav"), encodeWav(await speechClip("are you open on friday"), 16_000));
  const parley = join("node_modules", ".bin", "parley");
  const args = ["call", "agent.ts", "--wav", "question.wav", "--out", "answer.wav", "--metadata", '{"who":"Bob"}'];
  const printed = run(process.execPath, [parley, ...args], project);
  expect(printed.toLowerCase()).toMatch(/caller: .*friday\nagent: we are open on friday/);
  const { samples } = decodeWav(readFileSync(join(project, "answer.wav")));
  expect(rms(samples)).toBeGreaterThan(100);
});

it("the program explains itself there, and finds what it brings along", () => {
  const parley = join("node_modules", ".bin", "parley");
  expect(run(process.execPath, [parley, "--help"], project)).toContain("parley <command>");
  const imports = "import { startWorker } from '@parley/worker'; console.log(typeof startWorker)";
  expect(run(process.execPath, ["--input-type=module", "-e", imports], project)).toContain("function");
});
