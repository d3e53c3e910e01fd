import type { Command } from "../messages.ts";
import type { OrderResult } from "./orders.ts";

/** One connected worker. */
export interface UplinkPeer {
  /** As it named itself; its key's name until then. */
  readonly worker: string;
  /** The worker's process, below its key's name; empty until it has said hello. */
  readonly instance: string;
  /** The agent whose calls it can take. */
  readonly agent: string | null;
  /** Tools of code that it offers to stored agents. */
  readonly tools: readonly string[];
  /** An order about a call, and what came of it; never rejects. */
  command(command: Omit<Command, "commandId">, withinMs: number): Promise<OrderResult>;
  /** Idempotent. */
  close(code: number, reason: string): void;
  /** Resolves when the connection is gone and nothing of it is being stored. */
  readonly done: Promise<void>;
}
