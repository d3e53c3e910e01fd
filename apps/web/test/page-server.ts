import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
};

const receptionist = {
  name: "receptionist",
  title: "The Garden Cafe",
  description: "Opening hours, a table, an order.",
  demo: true,
};
const concierge = { name: "concierge", title: "The Concierge", description: "Knows the town.", demo: false };

/** The built page and a server's API beside it, whose mood a test chooses. */
export interface PageServer {
  readonly url: string;
  /** `away`: connections are cut. A number: that status for every request of the API. */
  api: { config: "ready" | "away"; token: "ready" | "away" | number };
  agents: (typeof receptionist)[];
  /** Bodies of the requests for a token, in their order. */
  readonly tokenRequests: Record<string, unknown>[];
  /** How the page is answered for a token; by default one for a LiveKit that isn't there. */
  admit(body: Record<string, unknown>): Promise<{ server_url: string; participant_token: string }>;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

export async function servePage(folder: string): Promise<PageServer> {
  const state: PageServer = {
    url: "",
    api: { config: "ready", token: "ready" },
    agents: [receptionist, concierge],
    tokenRequests: [],
    admit: async () => ({ server_url: "ws://127.0.0.1:9", participant_token: "none" }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const answer = async (path: string, request: IncomingMessage, response: ServerResponse) => {
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (path === "/api/config") {
      if (state.api.config === "away") return request.socket.destroy();
      return json(200, { agents: state.agents, livekitUrl: "ws://127.0.0.1:9", version: "0.1.0" });
    }
    if (path === "/api/token") {
      const body = JSON.parse(await bodyOf(request)) as Record<string, unknown>;
      state.tokenRequests.push(body);
      if (state.api.token === "away") return request.socket.destroy();
      if (state.api.token !== "ready") return json(state.api.token, { error: "no" });
      return json(201, await state.admit(body));
    }
    const file = path === "/" ? "/index.html" : path;
    try {
      const content = await readFile(join(folder, file));
      response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  };

  const server = createServer((request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "content-type");
    if (request.method === "OPTIONS") response.writeHead(204).end();
    else void answer(new URL(request.url ?? "/", "http://page").pathname, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, { url: `http://127.0.0.1:${port}/` });
}
