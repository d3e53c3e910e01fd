import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { agentPath, install, type Requirement, type Run } from "./install.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "parley-install-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function peer(kind: "npm" | "pip"): Requirement {
  const sources = path.join(root, "sources");
  mkdirSync(sources);
  for (const file of ["package.json", "package-lock.json", "requirements.txt", "agent"]) {
    writeFileSync(path.join(sources, file), `${file} 1`);
  }
  return { name: "peer", kind, sources, agent: "agent", folder: path.join(root, "folder") };
}

/** Does what the commands would do; `fail` names the one that fails. */
function running(fail?: string) {
  const commands: string[] = [];
  const run: Run = async (command, args, { cwd, env }) => {
    const line = [path.basename(command), ...args].join(" ");
    commands.push(line);
    if (fail !== undefined && line.includes(fail)) throw new Error(`${line} failed`);
    if (args[0] === "ci") {
      mkdirSync(path.join(cwd, "node_modules"));
      expect(env.ONNXRUNTIME_NODE_INSTALL).toBe("skip");
    }
    if (args[1] === "venv") {
      mkdirSync(path.join(cwd, "venv/bin"), { recursive: true });
      writeFileSync(path.join(cwd, "venv/bin/python"), "");
    }
  };
  return { commands, run };
}

it("installs a Node peer from its lock file, once, with its agent beside the packages", async () => {
  const needs = peer("npm");
  const { commands, run } = running();
  expect(await install(needs, run)).toBe("installed");
  writeFileSync(path.join(needs.sources, "agent"), "agent 2");
  expect(await install(needs, run)).toBe("present");
  expect(commands).toEqual(["npm ci --no-audit --no-fund"]);
  expect(readFileSync(agentPath(needs), "utf8")).toBe("agent 2");
});

it("installs again when the pins have changed or the packages are gone", async () => {
  const needs = peer("npm");
  const { commands, run } = running();
  await install(needs, run);
  writeFileSync(path.join(needs.sources, "package-lock.json"), "package-lock.json 2");
  expect(await install(needs, run)).toBe("installed");
  rmSync(path.join(needs.folder, "node_modules"), { recursive: true });
  expect(await install(needs, run)).toBe("installed");
  expect(commands).toHaveLength(3);
});

it("installs a Python peer into an environment of its own", async () => {
  const needs = peer("pip");
  const { commands, run } = running();
  expect(await install(needs, run)).toBe("installed");
  expect(await install(needs, run)).toBe("present");
  expect(commands.slice(1)).toEqual([
    "python3 -m venv venv",
    "python -m pip install --no-input --disable-pip-version-check -r requirements.txt",
  ]);
});

it("takes an install that failed for none", async () => {
  const needs = peer("pip");
  await expect(install(needs, running("pip install").run)).rejects.toThrow(/pip install .* failed/);
  expect(existsSync(path.join(needs.folder, "venv"))).toBe(true);
  expect(await install(needs, running().run)).toBe("installed");
});

it("says how to get Python when there is none", async () => {
  await expect(install(peer("pip"), running("python3 -c").run)).rejects.toThrow(
    /peer needs python3, 3\.10 or newer, with venv and pip: .*apt-get install python3 python3-venv/,
  );
});
