import pino from "pino";

export type ServerLog = pino.Logger;

/** JSON lines on standard error: standard output belongs to the lines that other programs wait for. */
export function serverLog(level: pino.LevelWithSilent = "info"): ServerLog {
  return pino(
    {
      level,
      base: { program: "server" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
