/** Program: an OpenAI-compatible server with fixed delays. Prints `mock-ai on PORT`. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { now } from "../time.ts";
import { answer } from "./llm.ts";
import { log } from "./log.ts";
import { settings } from "./settings.ts";
import { transcribe } from "./stt.ts";
import { speak } from "./tts.ts";

const routes = new Map([
  ["POST /v1/audio/transcriptions", transcribe],
  ["POST /v1/chat/completions", answer],
  ["POST /v1/audio/speech", speak],
]);

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part);
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
    log({ kind: "miss", startedAt, path, message: String(error) });
    if (!res.headersSent) res.statusCode = 404;
    res.end();
  }
});
server.keepAliveTimeout = 600_000;
server.listen(settings.port, "127.0.0.1", () => console.log(`mock-ai on ${(server.address() as AddressInfo).port}`));
