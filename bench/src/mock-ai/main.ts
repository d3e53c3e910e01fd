/** Program: an OpenAI-compatible server with fixed delays. Prints `mock-ai on PORT`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CLIP_RATE_HZ, loadClips } from "../clips.ts";
import { now } from "../time.ts";
import { chat } from "./llm.ts";
import { log } from "./log.ts";
import { Recogniser } from "./recogniser.ts";
import { Replies } from "./replies.ts";
import { settings } from "./settings.ts";
import { transcription } from "./stt.ts";
import { speech } from "./tts.ts";

type Route = (body: Buffer, startedAt: number, res: ServerResponse) => Promise<void>;

/** OpenAI's own limit of a file. */
const MOST_BYTES = 25 * 1024 * 1024;

async function recognisers() {
  if (settings.clipsFolder === undefined) return [];
  const { short, long, barge, over } = await loadClips(settings.clipsFolder);
  const spoken = over.filter(({ words }) => words.length > 0);
  // A question's beginning is never taken for "okay".
  return [[...short, long, barge], spoken].map((some) => new Recogniser(some, CLIP_RATE_HZ));
}

const replies = new Replies();
const routes = new Map<string, Route>([
  ["POST /v1/audio/transcriptions", transcription(await recognisers())],
  ["POST /v1/chat/completions", chat(replies)],
  ["POST /v1/audio/speech", speech(replies)],
]);

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const server = createServer(async (req, res) => {
  const startedAt = now();
  const path = `${req.method} ${req.url?.split("?")[0]}`;
  // Clients warm their connection up with one of these.
  if (path === "GET /v1/models" || path === "GET /v1/") return void res.end('{"object":"list","data":[]}');
  const route = routes.get(path);
  try {
    if (route === undefined) throw new Error("no such path");
    await route(await bodyOf(req), startedAt, res);
  } catch (error) {
    const message = String(error);
    log({ kind: "miss", startedAt, path, message });
    if (!res.headersSent) {
      res.statusCode = route === undefined ? 404 : 400;
      res.setHeader("content-type", "application/json");
    }
    res.end(res.headersSent ? undefined : JSON.stringify({ error: { message, type: "invalid_request_error" } }));
  }
});
server.keepAliveTimeout = 600_000;
server.listen(settings.port, "127.0.0.1", () => console.log(`mock-ai on ${(server.address() as AddressInfo).port}`));
