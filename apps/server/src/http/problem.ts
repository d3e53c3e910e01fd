import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";

/** An error as RFC 9457 writes it, with Parley's own stable `code` and the request's id for the log. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
});

/** Throw it in a handler: the answer is this status and code, and `detail` says what to do. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.name = "HttpProblem";
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    status,
    code,
    message,
    headers,
  }: { status: number; code: string; message: string; headers?: Record<string, string> },
): FastifyReply {
  const body: z.infer<typeof problemSchema> = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail: message,
    code,
    requestId: request.id,
  };
  return reply
    .code(status)
    .headers({ "cache-control": "no-store", ...headers })
    .type("application/problem+json")
    .serializer((value: unknown) => JSON.stringify(value))
    .send(body);
}

/** Fastify's error handler: what was meant for the client goes out, everything else is logged and kept to ourselves. */
export function onError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = asProblem(error);
  if (problem !== null) {
    if (problem.status >= 500) request.log.warn({ code: problem.code, err: error }, problem.message);
    return sendProblem(request, reply, problem);
  }
  request.log.error({ err: error }, "a request failed");
  const message = "Something went wrong on the server; its log says what, under this request's id.";
  return sendProblem(request, reply, { status: 500, code: "internal", message });
}

interface Problem {
  status: number;
  code: string;
  message: string;
  headers?: Record<string, string>;
}

function asProblem(error: FastifyError | Error): Problem | null {
  if (error instanceof HttpProblem) return error;
  const { statusCode, code, category, message } = error as Partial<FastifyError> & {
    category?: string;
    message: string;
  };
  // Errors of the rooms below: ParleyError, StoreError.
  if (category === "refused" && code !== undefined) return { status: 400, code, message };
  if (
    ["network", "timeout", "rate-limited", "unauthorised", "provider"].includes(category ?? "") &&
    code !== undefined
  ) {
    return { status: 503, code, message, headers: { "retry-after": "5" } };
  }
  // Fastify's own: body too large, not JSON, wrong content type.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: kebab(code ?? "bad-request"), message };
  }
  return null;
}

/** FST_ERR_CTP_BODY_TOO_LARGE -> ctp-body-too-large */
function kebab(code: string): string {
  return code
    .replace(/^FST_(ERR_)?/, "")
    .toLowerCase()
    .replaceAll("_", "-");
}
