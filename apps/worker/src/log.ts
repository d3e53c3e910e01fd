import { createRequire } from "node:module";
import pino from "pino";
import type { LogLevel } from "./config.ts";

const require = createRequire(import.meta.url);

export type Log = pino.Logger;

/**
 * A program's log, on standard error only: standard output belongs to the lines that other programs wait for.
 * JSON lines unless a person is looking. Lines about a call carry its `callId`.
 */
export function createLog(program: string, level: LogLevel): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  if (process.stderr.isTTY) {
    const look = {
      destination: 2,
      sync: true,
      ignore: "pid,hostname",
      translateTime: "SYS:HH:MM:ss.l",
      singleLine: true,
    };
    const pretty: typeof import("pino-pretty") = require("pino-pretty");
    return pino(options, pretty(look));
  }
  return pino(options, pino.destination({ fd: 2, sync: true }));
}
