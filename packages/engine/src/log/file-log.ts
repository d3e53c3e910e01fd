import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Fact } from "@parley/conversation";
import { asParleyError, ParleyError } from "../error.ts";
import type { CallLog } from "../ports/index.ts";
import { readLine } from "./line.ts";
import { type LineSeal, PLAIN_LINES } from "./sealed-lines.ts";

export interface FileLogOptions {
  path: string;
  /** Largest size of the file; beyond it `append` throws `log-full`. Default 64 MiB. */
  maxBytes?: number;
  /** Default: lines are plain. */
  lines?: LineSeal;
}

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * One JSON line per fact, private to this user, written with a plain write: it survives the death of the process
 * (not of the machine) the moment `append` returns. A step's facts go in one write.
 */
export function openFileLog({ path, maxBytes = MAX_BYTES, lines: kept = PLAIN_LINES }: FileLogOptions): CallLog {
  let file: number | null;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    file = openSync(path, "a+", 0o600);
  } catch (cause) {
    throw new ParleyError(`The call file ${path} can't be opened: ${message(cause)}. Is the folder writable?`, {
      code: "log-open-failed",
      category: "configuration",
      cause,
    });
  }
  let { size: bytes } = fstatSync(file);
  // A write that was cut (by a full disk, by the death of who wrote before) leaves half a line: the next one starts on
  // a line of its own.
  let broken = !endsLine(file, bytes);
  return {
    append(facts) {
      if (file === null)
        throw new ParleyError(`The call file ${path} is closed`, { code: "log-closed", category: "internal" });
      const lines = (broken ? "\n" : "") + facts.map((fact) => `${kept.seal(JSON.stringify(fact))}\n`).join("");
      const data = Buffer.from(lines, "utf8");
      if (bytes + data.length > maxBytes)
        throw new ParleyError(`The call file ${path} has reached its cap of ${maxBytes} bytes`, {
          code: "log-full",
          category: "refused",
        });
      let written = 0;
      try {
        while (written < data.length) written += writeSync(file, data, written);
        broken = false;
      } catch (cause) {
        broken = broken || written > 0;
        throw asParleyError(cause, { code: "log-write-failed", category: "internal", retryable: true });
      } finally {
        bytes += written;
      }
    },
    close() {
      if (file === null) return;
      const open = file;
      file = null;
      try {
        fsyncSync(open);
      } finally {
        closeSync(open);
      }
    },
  };
}

export interface LogReading {
  facts: Fact[];
  /** Lines that are no facts: a last line that was cut, damage, facts from a newer version. */
  problems: { line: number; message: string }[];
}

/** Reads a call file. Never throws for what is in it; a missing file throws ParleyError `log-not-found`. */
export function readFileLog(path: string, lines: LineSeal = PLAIN_LINES): LogReading {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new ParleyError(`The call file ${path} can't be read: ${message(cause)}`, {
      code: "log-not-found",
      category: "configuration",
      cause,
    });
  }
  const reading: LogReading = { facts: [], problems: [] };
  const seen = new Set<number>();
  text.split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const read = readLine(line, lines);
    if (read.kind === "unreadable") reading.problems.push({ line: index + 1, message: read.message });
    else if (!seen.has(read.fact.seq)) {
      seen.add(read.fact.seq);
      reading.facts.push(read.fact);
    }
  });
  return reading;
}

function endsLine(file: number, bytes: number): boolean {
  if (bytes === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, bytes - 1);
  return last[0] === 10;
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
