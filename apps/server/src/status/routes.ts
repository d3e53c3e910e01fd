import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { time } from "../http/page.ts";
import { PARTS, type StatusBoard } from "./parts.ts";

const level = z.enum(["healthy", "degraded", "down"]);
const part = z.object({ status: z.enum([...level.options, "off"]), lastError: z.string().nullable(), since: time });
const answer = z.object({
  status: level.describe("Of the worst part that is not switched off"),
  parts: z.object(Object.fromEntries(PARTS.map((name) => [name, part]))),
});

export interface StatusOptions {
  board: StatusBoard;
  /** What is only known by asking: asks, and tells the board. */
  ask(): Promise<void>;
}

export function statusRoutes(app: FastifyInstance, { board, ask }: StatusOptions): void {
  app.get(
    "/api/status",
    {
      config: { access: "calls:read" },
      schema: {
        summary: "How each part fares, its last error, and since when",
        description:
          "Of stt, llm and tts: as the calls of the last minutes, whose logs came to this replica, met them.",
        tags: ["server"],
        response: { 200: answer },
      },
    },
    async (_request, reply) => {
      await ask();
      const parts = Object.entries(board.read());
      const statuses = parts.map(([, { status }]) => status);
      const status = statuses.includes("down") ? "down" : statuses.includes("degraded") ? "degraded" : "healthy";
      reply.header("cache-control", "no-store");
      return {
        status,
        parts: Object.fromEntries(
          parts.map(([name, { since, ...rest }]) => [name, { ...rest, since: new Date(since).toISOString() }]),
        ),
      };
    },
  );
}
