import { linkSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { StoredFact } from "@parley/store";

const LOOK_MS = 30;

/** What one process wrote of one call, in one epoch. */
export interface CallFile {
  callId: string;
  epoch: number;
  writer: string;
  facts: StoredFact[];
}

/**
 * Keeps every call file that ever appears: a second name for it, which sees all that is written later and outlives its
 * removal.
 */
export class Snapshots {
  readonly #folders: readonly { writer: string; dir: string }[];
  readonly #into: string;
  readonly #kept = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(folders: readonly { writer: string; dir: string }[], into: string) {
    this.#folders = folders;
    this.#into = into;
    for (const { writer } of folders) mkdirSync(path.join(into, writer), { recursive: true });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** All that was ever written of a call, oldest epoch first. */
  filesOf(callId: string): CallFile[] {
    const found = [...this.#kept].flatMap((key) => {
      const [writer = "", name = ""] = key.split("/");
      const match = /^([\w.:-]+)\.(\d+)\.ndjson$/.exec(name);
      if (match?.[1] !== callId) return [];
      return [{ callId, epoch: Number(match[2]), writer, facts: this.#facts(key) }];
    });
    return found.sort((a, b) => a.epoch - b.epoch);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const { writer, dir } of this.#folders) {
      for (const name of readdirSync(dir)) {
        const key = `${writer}/${name}`;
        if (!name.endsWith(".ndjson") || this.#kept.has(key)) continue;
        try {
          linkSync(path.join(dir, name), path.join(this.#into, key));
          this.#kept.add(key);
        } catch {
          // Gone again, or already there.
        }
      }
    }
  }

  #facts(key: string): StoredFact[] {
    const lines = readFileSync(path.join(this.#into, key), "utf8").split("\n");
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as StoredFact];
      } catch {
        return []; // empty, or cut by a kill
      }
    });
  }
}
