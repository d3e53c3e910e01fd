import {
  type Clock,
  cutError,
  type linkedAbort,
  type RemoteError,
  type RemoteService,
  timeoutError,
  within,
} from "@parley/engine";
import type { Dispatcher } from "undici";

/** What an exchange has to know of the connection it runs on. */
interface Line {
  readonly clock: Clock;
  readonly timeouts: { readonly idleMs: number };
  readonly service: RemoteService;
  failed(error: unknown, signal: AbortSignal, otherwise: () => RemoteError): RemoteError;
}

/**
 * One request and its answer while it comes in. Whoever has one ends it: by reading to the end, by leaving the loop
 * over `bytes`, or by `close`; each of them gives the socket back (or closes it, when the answer was not over).
 */
export class Exchange {
  readonly #line: Line;
  readonly #response: Dispatcher.ResponseData;
  readonly #scope: ReturnType<typeof linkedAbort>;
  readonly #signal: AbortSignal;

  constructor(
    line: Line,
    response: Dispatcher.ResponseData,
    scope: ReturnType<typeof linkedAbort>,
    signal: AbortSignal,
  ) {
    this.#line = line;
    this.#response = response;
    this.#scope = scope;
    this.#signal = signal;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  header(name: string): string | undefined {
    const value = this.#response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body as it comes, each wait bounded. Throws RemoteError. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    const pieces = this.#response.body[Symbol.asyncIterator]();
    const { idleMs } = this.#line.timeouts;
    try {
      while (true) {
        const { done, value } = await within(pieces.next(), {
          clock: this.#line.clock,
          timeoutMs: idleMs,
          signal: this.#signal,
          timedOut: () => timeoutError(this.#line.service, "next piece", idleMs),
          cancelled: () => this.#failed(undefined),
        });
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.close();
    }
  }

  /** The body as text, at most `limitBytes` of it. Throws RemoteError. */
  async text(limitBytes: number): Promise<string> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of this.bytes()) {
      parts.push(part);
      length += part.length;
      if (length >= limitBytes) break;
    }
    return Buffer.concat(parts).subarray(0, limitBytes).toString();
  }

  /** Idempotent. */
  close(): void {
    this.#scope.release();
    this.#scope.abort();
  }

  #failed(error: unknown): RemoteError {
    return this.#line.failed(error, this.#signal, () => cutError(this.#line.service, "network", error));
  }
}
