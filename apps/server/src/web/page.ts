import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendProblem } from "../http/problem.ts";

/** Names with a hash of their content, as Vite writes them below assets/: they never change. */
const HASHED = /-[\w-]{8,}\.\w+$/;

/** Serves the built talk page. Every address without a file of its own is the page: it has routes of its own. */
export async function servePage(app: FastifyInstance, webRoot: string): Promise<void> {
  const index = join(webRoot, "index.html");
  const isBuilt = existsSync(index);
  if (isBuilt) {
    app.openToAll = true;
    await app.register(fastifyStatic, {
      root: webRoot,
      // Files are found when asked for, so a page that is built anew is served at once.
      wildcard: true,
      index: "index.html",
      dotfiles: "ignore",
      cacheControl: false,
      setHeaders(reply, path) {
        const isHashed = path.includes("/assets/") && HASHED.test(basename(path));
        reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
    app.openToAll = false;
  }

  app.setNotFoundHandler((request, reply) => {
    if (!wantsPage(request)) {
      const message = `There is nothing at ${request.method} ${request.url.split("?")[0]}.`;
      return sendProblem(request, reply, { status: 404, code: "not-found", message });
    }
    if (!isBuilt) {
      const message = "The talk page is not built. Run: npm run build -w apps/web";
      return sendProblem(request, reply, { status: 503, code: "page-not-built", message });
    }
    return sendPage(reply);
  });
}

function sendPage(reply: FastifyReply): FastifyReply {
  return reply.sendFile("index.html");
}

function wantsPage(request: FastifyRequest): boolean {
  const path = request.url.split("?")[0] ?? "";
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead || /^\/(api|livekit|webhooks)\//.test(path) || path.split("/").at(-1)?.includes(".")) return false;
  return /text\/html|\*\/\*/.test(request.headers.accept ?? "*/*");
}
