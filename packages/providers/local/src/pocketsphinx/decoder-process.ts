import { type ChildProcessByStdio, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { Installation } from "./installation.ts";
import { type DecoderReply, encodeFrame, type FrameKind, replyReader } from "./protocol.ts";

/** Kept of what a dying decoder wrote, to say why. */
const MAX_COMPLAINT_CHARS = 600;
const NOTHING = new Uint8Array(0);

export interface DecoderEvents {
  reply(reply: DecoderReply): void;
  /** The process is gone and was not asked to be. Called once. */
  gone(why: string): void;
}

/** One running decoder program. */
export class DecoderProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #closed: Promise<void>;
  #complaint = "";
  #ended = false;

  constructor(installation: Pick<Installation, "command" | "args">, events: DecoderEvents) {
    this.#child = spawn(installation.command, installation.args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: childEnvironment(),
      windowsHide: true,
    });
    const gone = (why: string) => {
      if (this.#ended) return;
      this.#ended = true;
      events.gone(this.#complaint === "" ? why : `${why}: ${this.#complaint.trim()}`);
    };
    this.#closed = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        gone(`PocketSphinx's process ended with ${signal ?? `code ${code}`}`);
        resolve();
      });
      this.#child.once("error", (error) => {
        gone(`PocketSphinx's process could not run: ${error.message}`);
        resolve();
      });
    });
    // A pipe that broke says so when it is written to; "close" tells the rest.
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-MAX_COMPLAINT_CHARS);
    });
    const read = replyReader((reply) => {
      if (!this.#ended) events.reply(reply);
    });
    this.#child.stdout.setEncoding("utf8").on("data", read);
    this.idle();
  }

  send(kind: FrameKind, utterance: number, slot: number, payload: Uint8Array = NOTHING): void {
    if (!this.#ended) this.#child.stdin.write(encodeFrame(kind, utterance, slot, payload));
  }

  /** Somebody waits: the program must not end now. */
  busy(): void {
    this.#child.ref();
    for (const stream of this.#streams()) (stream as { ref?(): void }).ref?.();
  }

  /** An idle decoder must not keep a program from ending; it ends itself when its input does. */
  idle(): void {
    this.#child.unref();
    for (const stream of this.#streams()) (stream as { unref?(): void }).unref?.();
  }

  /** Idempotent. `gone` is not called. */
  close(): Promise<void> {
    this.#ended = true;
    // Whoever waits for its end must not end before it.
    this.#child.ref();
    this.#child.stdin.destroy();
    this.#child.kill("SIGKILL");
    return this.#closed;
  }

  #streams(): (Readable | Writable)[] {
    return [this.#child.stdin, this.#child.stdout, this.#child.stderr];
  }
}

/** A decoder needs no keys and gets none. */
function childEnvironment(): NodeJS.ProcessEnv {
  const passed = ["PATH", "HOME", "LD_LIBRARY_PATH", "SystemRoot", "TMPDIR", "TEMP", "LANG"];
  const kept = passed.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(Math.max(2, availableParallelism())) };
}
