import pino from "pino";
import pretty from "pino-pretty";
import type { LogLevel } from "./config.ts";

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
    return pino(options, pretty(look));
  }
  return pino(options, pino.destination({ fd: 2, sync: true }));
}
