import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, apiError, json, missing, Refusal } from "./answer.ts";
import { chat } from "./chat.ts";
import { faultyAnswer, send } from "./send.ts";
import { speech } from "./speech.ts";
import { transcriptions } from "./transcriptions.ts";
import type { OpenAiEndpoint, OpenAiFault, OpenAiServer, OpenAiServerOptions, RecordedRequest } from "./types.ts";

const ROUTES: Record<string, OpenAiEndpoint> = {
  "POST /v1/audio/transcriptions": "transcriptions",
  "POST /v1/chat/completions": "chat",
  "POST /v1/audio/speech": "speech",
  "GET /v1/models": "models",
};

/**
 * A server on loopback that speaks OpenAI's HTTP API as it is documented: transcriptions (multipart, WAV), chat
 * completions (whole and SSE, tools, usage), speech (PCM 24 kHz, WAV), models; keys and model names are checked,
 * errors have OpenAI's shape. What is understood, answered and spoken is the test's to say; faults are switched while
 * it runs.
 */
export async function startOpenAiServer(options: OpenAiServerOptions = {}): Promise<OpenAiServer> {
  const requests: RecordedRequest[] = [];
  const faults = new Map<OpenAiEndpoint, { fault: OpenAiFault; left: number }>();
  const sockets = new Set<Socket>();
  let pending = 0;

  const takeFault = (endpoint: OpenAiEndpoint): OpenAiFault | null => {
    const entry = faults.get(endpoint);
    if (entry === undefined) return null;
    entry.left--;
    if (entry.left <= 0) faults.delete(endpoint);
    return entry.fault;
  };

  const serve = async (req: IncomingMessage, res: ServerResponse, closed: AbortSignal) => {
    const path = new URL(req.url ?? "/", "http://loopback").pathname;
    const endpoint = ROUTES[`${req.method} ${path}`];
    if (endpoint === undefined) {
      const unknown = apiError(404, { message: `Invalid URL (${req.method} ${path})` });
      return send(res, unknown, { fault: null, pieceMs: 0, closed });
    }
    const apiKey = /^Bearer (.+)$/.exec(req.headers.authorization ?? "")?.[1] ?? null;
    const record: RecordedRequest = { endpoint, fields: {}, apiKey, status: null, abandoned: false };
    requests.push(record);
    res.once("close", () => {
      record.abandoned = !res.writableFinished;
    });
    const fault = takeFault(endpoint);
    if (fault?.kind === "refused") return void req.socket.destroy();
    const body = await readBody(req);
    if (fault?.kind === "hung") return;
    const delayMs = (options.delaysMs?.[endpoint] ?? 0) + (fault?.kind === "slow" ? fault.delayMs : 0);
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: closed }).catch(() => {});
    if (closed.aborted) return;
    const answer =
      (fault === null ? undefined : faultyAnswer(endpoint, fault)) ??
      (await rightAnswer(endpoint, body, record, req.headers["content-type"] ?? "", options));
    record.status = answer.status;
    return send(res, answer, { fault, pieceMs: options.pieceMs ?? 0, closed });
  };

  const server = createServer((req, res) => {
    pending++;
    const gone = new AbortController();
    res.once("close", () => {
      pending--;
      gone.abort();
    });
    serve(req, res, gone.signal).catch((error) => {
      if (res.headersSent) return void res.destroy();
      const failed = apiError(500, { message: String(error), type: "server_error" });
      send(res, failed, { fault: null, pieceMs: 0, closed: gone.signal }).catch(() => res.destroy());
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });

  let closing: Promise<void> | undefined;
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    openSockets: () => sockets.size,
    pending: () => pending,
    fault(endpoint, fault, times = Number.POSITIVE_INFINITY) {
      if (fault === null) faults.delete(endpoint);
      else faults.set(endpoint, { fault, left: times });
    },
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

async function rightAnswer(
  endpoint: OpenAiEndpoint,
  bytes: Buffer,
  record: RecordedRequest,
  contentType: string,
  options: OpenAiServerOptions,
): Promise<Answer> {
  try {
    const keys = options.apiKeys ?? ["test-key"];
    if (record.apiKey === null || !keys.includes(record.apiKey)) return unauthorised(record.apiKey);
    if (endpoint === "models") {
      const data = (options.models ?? ["any"]).map((id) => ({ id, object: "model", created: 0, owned_by: "test" }));
      return json({ object: "list", data });
    }
    if (endpoint === "transcriptions") {
      const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData();
      for (const [name, value] of form) record.fields[name] = typeof value === "string" ? value : value.size;
      checkModel(record.fields.model, options);
      return await transcriptions(form, options);
    }
    record.fields = JSON.parse(bytes.toString());
    checkModel(record.fields.model, options);
    return await (endpoint === "chat" ? chat : speech)(record.fields, options);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    if (error instanceof SyntaxError || error instanceof TypeError) {
      return apiError(400, { message: `We could not parse the body of your request: ${error.message}` });
    }
    throw error;
  }
}

function checkModel(model: unknown, { models }: OpenAiServerOptions): void {
  if (typeof model !== "string" || model === "") throw missing("model");
  if (models === undefined || models.includes(model)) return;
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  throw new Refusal(apiError(404, { message, code: "model_not_found" }));
}

/** OpenAI shows the key it was given, half of it masked; so do we, for clients must not pass that on. */
function unauthorised(apiKey: string | null): Answer {
  if (apiKey === null) return apiError(401, { message: "You didn't provide an API key." });
  const masked = `${apiKey.slice(0, 8)}${"*".repeat(8)}${apiKey.slice(-4)}`;
  const message = `Incorrect API key provided: ${masked}. You can find your API key in your account settings.`;
  return apiError(401, { message, code: "invalid_api_key" });
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
