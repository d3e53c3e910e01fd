import {
  type Clock,
  cancelledError,
  httpError,
  linkedAbort,
  networkError,
  ParleyError,
  type RemoteError,
  type RemoteService,
  type RemoteStage,
  remoteError,
  systemClock,
  timeoutError,
  within,
} from "@parley/engine";
import type { FormData, Agent as HttpAgent } from "undici";
import { openaiDefaults } from "./defaults.ts";
import { Exchange } from "./exchange.ts";
import { Agent, request } from "./undici.ts";

/** What all three providers take. */
export interface OpenAiConnectionOptions {
  /** A function is asked before every request, so a key can be changed while calls run. */
  apiKey: string | (() => string);
  /** Of any compatible server, with its `/v1`. */
  baseUrl?: string;
  /** TCP and TLS. Default 5000. */
  connectTimeoutMs?: number;
  /** From the request to the first byte of the answer. */
  firstByteTimeoutMs?: number;
  /** Between two pieces of the answer. */
  idleTimeoutMs?: number;
  clock?: Clock;
}

type Timeouts = { connectMs: number; firstByteMs: number; idleMs: number };

export const BASE_URL_SETTING = "OPENAI_BASE_URL";
const CONNECT_TIMEOUT_MS = 5_000;
/** A person thinks, an agent speaks: turns are further apart than a client's usual few seconds, and TLS costs 100 ms. */
const KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_MAX_MS = 600_000;
const LONGEST_ERROR_BYTES = 16_384;
const LONGEST_MODEL_LIST_BYTES = 1 << 20;

/** One service's sockets, key and time-outs. Sockets are kept open between requests. */
export class OpenAiConnection {
  readonly agent: HttpAgent;
  readonly baseUrl: string;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  readonly #stage: RemoteStage;
  readonly #model: string;
  readonly #apiKey: string | (() => string);

  constructor(
    stage: RemoteStage,
    model: string,
    options: OpenAiConnectionOptions,
    defaults: { firstByteMs: number; idleMs: number },
  ) {
    this.#stage = stage;
    this.#model = model;
    this.#apiKey = options.apiKey;
    this.baseUrl = readBaseUrl(options.baseUrl ?? openaiDefaults.baseUrl);
    if (typeof options.apiKey === "string") this.key();
    this.timeouts = {
      connectMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      firstByteMs: options.firstByteTimeoutMs ?? defaults.firstByteMs,
      idleMs: options.idleTimeoutMs ?? defaults.idleMs,
    };
    this.clock = options.clock ?? systemClock;
    this.agent = new Agent({
      // HTTP/1.1: a reply that is interrupted ends by closing its socket, which no other request shares.
      allowH2: false,
      connect: { timeout: this.timeouts.connectMs },
      // Ours are exact and know the stage; undici's look only about once a second.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    });
  }

  /** For error messages; the key is in it only to be taken out of them. */
  get service(): RemoteService {
    return {
      stage: this.#stage,
      name: `openai/${this.#model}`,
      model: this.#model,
      url: this.baseUrl,
      urlSetting: BASE_URL_SETTING,
      secrets: this.#secrets(),
    };
  }

  /** The key of this moment; throws ParleyError (unauthorised) when OpenAI itself is to be asked without one. */
  key(): string {
    const key = this.#readKey();
    if (key === "" && this.baseUrl === openaiDefaults.baseUrl) {
      throw new ParleyError(`openai/${this.#model} needs a key: set OPENAI_API_KEY (or apiKey)`, {
        code: `${this.#stage}-unauthorised`,
        category: "unauthorised",
      });
    }
    return key;
  }

  /** POSTs; returns once the status is good. Throws RemoteError. */
  async post(path: string, body: { json: object } | { form: FormData }, signal: AbortSignal): Promise<Exchange> {
    const headers = this.#authorization();
    const sent = "json" in body ? JSON.stringify(body.json) : body.form;
    if ("json" in body) headers["content-type"] = "application/json";
    const exchange = await this.#exchange({ method: "POST", path, headers, body: sent }, signal);
    if (exchange.status >= 200 && exchange.status < 300) return exchange;
    throw await this.#refused(exchange);
  }

  /**
   * Opens a connection, so that the first caller doesn't wait for TCP and TLS. Any answer will do; throws only when the
   * key is refused, which no call could survive.
   */
  async warm(): Promise<void> {
    const headers = this.#authorization();
    const never = new AbortController().signal;
    let exchange: Exchange;
    try {
      exchange = await this.#exchange({ method: "GET", path: "/models", headers }, never);
      // Read to its end, for only then can the socket be used again.
      if (exchange.status !== 401 && exchange.status !== 403)
        return void (await exchange.text(LONGEST_MODEL_LIST_BYTES));
    } catch {
      return;
    }
    throw await this.#refused(exchange);
  }

  /** What an error of the line means; `otherwise` when it is none of the known ones. */
  failed(error: unknown, signal: AbortSignal, otherwise: () => RemoteError): RemoteError {
    if (error instanceof ParleyError) return error;
    if (signal.aborted) return cancelledError(this.service);
    switch ((error as { code?: unknown } | null)?.code) {
      case "UND_ERR_CONNECT_TIMEOUT":
        return timeoutError(this.service, "connection", this.timeouts.connectMs, error);
      case "UND_ERR_DESTROYED":
      case "UND_ERR_CLOSED":
        return remoteError(this.service, "was closed before this request", {
          code: "cancelled",
          category: "cancelled",
          retryable: false,
          cause: error,
        });
      default:
        return otherwise();
    }
  }

  /** Idempotent; ends requests that are under way. */
  async close(): Promise<void> {
    if (!this.agent.destroyed) await this.agent.destroy();
  }

  /** Sends, and waits for the head of the answer; whatever ends the wait ends the request. */
  async #exchange(
    {
      path,
      ...options
    }: { path: string; method: "GET" | "POST"; headers: Record<string, string>; body?: string | FormData },
    signal: AbortSignal,
  ): Promise<Exchange> {
    if (signal.aborted) throw cancelledError(this.service);
    const scope = linkedAbort(signal);
    const { firstByteMs } = this.timeouts;
    try {
      const sent = request(this.agent, `${this.baseUrl}${path}`, { signal: scope.signal, ...options });
      const response = await within(sent, {
        clock: this.clock,
        timeoutMs: firstByteMs,
        signal,
        timedOut: () => timeoutError(this.service, "first byte", firstByteMs),
        cancelled: () => cancelledError(this.service),
      });
      return new Exchange(this, response, scope, signal);
    } catch (error) {
      scope.release();
      scope.abort();
      throw this.failed(error, signal, () => networkError(this.service, error));
    }
  }

  async #refused(exchange: Exchange): Promise<RemoteError> {
    const body = await exchange.text(LONGEST_ERROR_BYTES).catch((error: RemoteError) => {
      if (error.category === "cancelled") throw error;
      return "";
    });
    return httpError(this.service, {
      status: exchange.status,
      body,
      retryAfter: exchange.header("retry-after"),
      retryAfterMs: exchange.header("retry-after-ms"),
    });
  }

  #authorization(): Record<string, string> {
    const key = this.key();
    return key === "" ? {} : { authorization: `Bearer ${key}` };
  }

  #readKey(): string {
    const key = this.#apiKey;
    try {
      // A key from a file or an environment often ends with a line break, which no header may have.
      return (typeof key === "function" ? key() : key).trim();
    } catch (error) {
      throw new ParleyError(`The key for openai/${this.#model} could not be read: ${String(error)}`, {
        code: `${this.#stage}-key-unreadable`,
        category: "configuration",
        cause: error,
      });
    }
  }

  #secrets(): string[] {
    try {
      return [this.#readKey()];
    } catch {
      return [];
    }
  }
}

function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new ParleyError(
      `The OpenAI base URL "${text}" is not an http(s) address. Set OPENAI_BASE_URL like ${openaiDefaults.baseUrl}`,
      {
        code: "openai-base-url",
        category: "configuration",
      },
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
