import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ServerPorts } from "./config.ts";

const processSchema = z.object({ pid: z.number().int().positive(), start: z.string() });

/** What is kept beside a running server, so that the next start can find what a killed one left behind. */
const recordSchema = z.object({
  server: processSchema,
  owner: processSchema,
  port: z.number().int(),
  udpPort: z.number().int(),
  fingerprint: z.string(),
  /** Names the container when the server runs in one. */
  container: z.string().nullable(),
});

export type ServerRecord = z.infer<typeof recordSchema> & ServerPorts;

const recordPath = (dataDir: string) => join(dataDir, "livekit.json");

/** Null when there is none, or none that can be read: then there is nothing to adopt. */
export function readRecord(dataDir: string): ServerRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordPath(dataDir), "utf8")));
  } catch {
    return null;
  }
}

export function writeRecord(dataDir: string, record: ServerRecord): void {
  mkdirSync(dataDir, { recursive: true });
  const temporary = `${recordPath(dataDir)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, recordPath(dataDir));
}

export function removeRecord(dataDir: string): void {
  rmSync(recordPath(dataDir), { force: true });
}
