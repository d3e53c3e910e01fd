import type { IncomingMessage, RequestOptions } from "node:http";
import { type AgentTool, ParleyError, type ToolContext } from "@parley/engine";
import { lookUpPublic, refuseClosedHost } from "./addresses.ts";
import { argumentsCheck } from "./arguments.ts";
import { fillPlaces, type HttpTool, placesIn } from "./schema.ts";

// An `import` of it would load the web sockets it carries as well: 30 ms of a start (docs/decisions/014).
const { request: overHttp } = process.getBuiltinModule("node:http");
const { request: overHttps } = process.getBuiltinModule("node:https");

/** What is read of an answer; a model is given less. */
const MOST_BYTES = 64 * 1024;
/** Of an answer that says no. */
const MOST_ERROR_CHARS = 500;
/** A header shorter than this is no secret, and would be found in every text. */
const SECRET_CHARS = 6;

export interface HttpToolOptions {
  /** Loopback and private addresses may be reached. */
  allowPrivate: boolean;
}

/** An HTTP tool as the model calls it. Whatever goes wrong is told to the model, without the headers' values. */
export function httpTool(tool: HttpTool, options: HttpToolOptions): AgentTool {
  const { name, description, parameters, readOnly } = tool;
  const check = argumentsCheck(parameters);
  const secrets = Object.values(tool.headers).filter((value) => value.length >= SECRET_CHARS);
  const redact = (text: string) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return {
    name,
    description,
    parameters,
    readOnly,
    async execute(args, context) {
      try {
        const given = objectOf(args);
        check(given);
        const answer = await ask(tool, given, context, options);
        return understood(redact(answer.text), answer.type);
      } catch (error) {
        throw failure(tool, error, redact);
      }
    },
  };
}

interface Answer {
  type: string;
  text: string;
}

async function ask(
  tool: HttpTool,
  args: Record<string, unknown>,
  { idempotencyKey, signal }: Pick<ToolContext, "idempotencyKey" | "signal">,
  { allowPrivate }: HttpToolOptions,
): Promise<Answer> {
  const { method, timeoutMs } = tool;
  const named = new Set(placesIn(tool.url));
  const url = fillPlaces(tool.url, (place) => args[place]);
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !named.has(key)));
  const hasBody = method === "POST" || method === "PUT" || method === "PATCH";
  if (!hasBody) for (const [key, value] of Object.entries(rest)) url.searchParams.append(key, inQuery(value));
  if (!allowPrivate) refuseClosedHost(url.hostname);
  const body = hasBody ? JSON.stringify(rest) : undefined;
  // Of the whole, from the name's resolution to the answer's last byte.
  const late = AbortSignal.timeout(timeoutMs);
  const response = await send(url, body, {
    method,
    headers: {
      accept: "application/json, text/*;q=0.9",
      "user-agent": "parley",
      ...tool.headers,
      "idempotency-key": idempotencyKey,
      ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    },
    // A connection of its own: one that was checked for another tool is not this one's.
    agent: false,
    maxHeaderSize: 16_384,
    signal: AbortSignal.any([signal, late]),
    ...(allowPrivate ? {} : { lookup: lookUpPublic }),
  });
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    response.destroy();
    throw refused("http-tool-redirected", `the service answered ${status}, and redirects are not followed`);
  }
  const text = await read(response);
  if (status >= 400) throw refused("http-tool-status", `the service answered ${status}: ${brief(text)}`);
  return { type: response.headers["content-type"] ?? "", text };
}

function send(url: URL, body: string | undefined, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? overHttps : overHttp)(url, options, resolve);
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) {
      response.destroy();
      throw refused("http-tool-too-large", `the service answered more than ${MOST_BYTES / 1024} KiB`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** JSON as such, everything else as text. */
function understood(text: string, type: string): unknown {
  if (!/\bjson\b/i.test(type)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function objectOf(args: unknown): Record<string, unknown> {
  if (typeof args === "object" && args !== null && !Array.isArray(args)) return args as Record<string, unknown>;
  throw new RangeError("the arguments must be an object");
}

const inQuery = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
const brief = (text: string): string => text.slice(0, MOST_ERROR_CHARS);
const refused = (code: string, message: string) => new ParleyError(message, { code, category: "refused" });

function failure({ name, timeoutMs }: HttpTool, error: unknown, redact: (text: string) => string): ParleyError {
  const { name: kind, code, message } = error as Error & { code?: unknown };
  const tell = (text: string, its: { code: string; category: "refused" | "timeout" | "network" | "protocol" }) =>
    new ParleyError(`${name}: ${redact(text)}`, its);
  if (error instanceof ParleyError) return tell(message, { code: error.code, category: "refused" });
  if (error instanceof RangeError) return tell(message, { code: "tool-arguments-invalid", category: "protocol" });
  if (kind === "TimeoutError" || code === "ABORT_ERR")
    return tell(`the service did not answer within ${timeoutMs} ms`, {
      code: "http-tool-timeout",
      category: "timeout",
    });
  return tell(`the service could not be reached (${typeof code === "string" ? code : "no connection"})`, {
    code: "http-tool-unreachable",
    category: "network",
  });
}
