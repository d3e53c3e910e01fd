import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Answer {
  status: number;
  body: string;
}

export interface Run {
  /** 0: no check failed. */
  status: number | null;
  /** What it printed. */
  output: string;
  answers: Answer[];
}

export interface RunOptions {
  /** Of the server. */
  url: string;
  key: string;
  /** Regular expressions of addresses. */
  only?: string;
  not?: string;
  examples: string;
  seed: string;
  /** For what it writes. */
  folder: string;
  /** Where it is installed. */
  home: string;
}

const CHECKS = "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance";
const LONGEST_ANSWER_S = 10;

/** One run of schemathesis over `/openapi.json`. Beside the server, which may run in this process. */
export async function schemathesis(options: RunOptions): Promise<Run> {
  const { url, key, only, not, examples, seed, folder, home } = options;
  const har = path.join(folder, `answers-${Date.now()}.har`);
  const args = [
    ...["run", `${url}/openapi.json`, "--header", `Authorization: Bearer ${key}`, "--checks", CHECKS],
    ...["--max-examples", examples, "--seed", seed, "--request-timeout", String(LONGEST_ANSWER_S), "--workers", "1"],
    ...["--report", "har", "--report-har-path", har, "--no-color"],
    ...(only === undefined ? [] : ["--include-path-regex", only]),
    ...(not === undefined ? [] : ["--exclude-path-regex", not]),
  ];
  const { status, output } = await toItsEnd(installed(home), args, folder);
  return { status, output, answers: answersIn(har) };
}

/** Its program, installed once per set of pins. */
function installed(home: string): string {
  const requirements = path.join(import.meta.dirname, "requirements.txt");
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const venv = path.join(home, wanted);
  const program = path.join(venv, "bin/schemathesis");
  if (existsSync(program)) return program;
  mkdirSync(path.dirname(venv), { recursive: true });
  execFileSync("python3", ["-m", "venv", venv], { stdio: "inherit" });
  const pip = ["-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check", "-r", requirements];
  execFileSync(path.join(venv, "bin/python"), pip, { stdio: "inherit" });
  return program;
}

function toItsEnd(program: string, args: string[], cwd: string): Promise<{ status: number | null; output: string }> {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (status) => resolve({ status, output }));
  });
}

function answersIn(file: string): Answer[] {
  if (!existsSync(file)) return [];
  const { log } = JSON.parse(readFileSync(file, "utf8")) as {
    log: { entries: { response: { status: number; content?: { text?: string; encoding?: string } } }[] };
  };
  return log.entries.map(({ response: { status, content } }) => {
    const text = content?.text ?? "";
    return { status, body: content?.encoding === "base64" ? Buffer.from(text, "base64").toString() : text };
  });
}
