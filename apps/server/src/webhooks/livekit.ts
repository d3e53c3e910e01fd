import { ParleyError } from "@parley/engine";
import { type EgressState, receiveWebhook } from "@parley/livekit";
import type { Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { HttpProblem } from "../http/problem.ts";
import type { LiveKitAccess } from "../livekit.ts";

/** LiveKit's clock and ours may differ by so much; it gives up repeats after 30 s. */
const OLDEST_MS = 10 * 60_000;

export interface WebhookOptions {
  livekit: Pick<LiveKitAccess, "apiKey" | "apiSecret">;
  store: Pick<Store, "livekitEvents">;
  /** Something happened in this room. */
  happened(roomName: string): void;
  /** An egress of LiveKit's is so. */
  recorded(egress: EgressState): void;
  /** One came: of this kind, or (null) one that was refused. */
  seen(event: string | null): void;
}

const answer = z.object({ stored: z.boolean().describe("False: it was here before") });

/** LiveKit's webhooks: checked, stored once each, and taken as a reason to look at the room. */
export async function liveKitWebhooks(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { livekit, store } = options;
  await app.register(async (hooks) => {
    hooks.removeAllContentTypeParsers();
    // As it came: its hash is signed.
    hooks.addContentTypeParser(
      ["application/webhook+json", "application/json"],
      { parseAs: "string" },
      (_request, body, done) => done(null, body),
    );
    hooks.post<{ Body: string }>(
      "/webhooks/livekit",
      {
        config: { access: "itself" },
        schema: {
          summary: "For LiveKit: its events",
          description: "Put this address into webhook.urls of LiveKit's config. Signed by LiveKit with its API key.",
          tags: ["livekit"],
          response: { 200: answer },
        },
      },
      async ({ body, headers }) => {
        const event = await receiveWebhook(livekit, typeof body === "string" ? body : "", headers.authorization).catch(
          refuse,
        );
        if (Math.abs(Date.now() - event.createdAt) > OLDEST_MS) refuse(new Error("it is from another time"));
        const { id: eventId, event: name, room } = event;
        const stored = await store.livekitEvents.add({
          eventId,
          event: name,
          roomName: room?.name ?? null,
          roomSid: room?.sid ?? null,
          createdAt: new Date(event.createdAt),
          body: {
            participant: event.participant,
            track: event.track,
            egress: event.egress && { egressId: event.egress.egressId, status: event.egress.status },
          },
        });
        if (stored) options.seen(name);
        if (stored && room) options.happened(room.name);
        if (stored && event.egress) options.recorded(event.egress);
        return { stored };
      },
    );
  });

  function refuse(error: unknown): never {
    options.seen(null);
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof ParleyError ? error.code : "webhook-invalid";
    throw new HttpProblem(401, code, message);
  }
}
