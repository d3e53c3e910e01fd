import { randomUUID } from "node:crypto";
import { HEARING_RATE_HZ, sessionRoom } from "@parley/engine";
import type { CallRow, Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { actorOf, tenantOfNew, tenantSeenBy } from "../access/principal.ts";
import { tenantRoom } from "../access/tenant-room.ts";
import type { AgentDirectory } from "../agents/directory.ts";
import { HttpProblem } from "../http/problem.ts";
import type { Leases } from "../leases/leases.ts";
import { LIVEKIT_IS_OFF } from "../livekit.ts";
import { SOUND_BODY_BYTES, soundOf } from "../sound/decode.ts";
import { manySounds } from "../sound/many.ts";
import type { RefuseOverQuota } from "../usage/quota.ts";
import { type ProcessVoice, processVoice, voiceAnswer } from "./schema.ts";
import { takeTurn } from "./turn.ts";

export interface VoiceOptions {
  store: Pick<Store, "calls" | "tenants" | "parcels">;
  agents: AgentDirectory;
  defaultAgent: string;
  refuseOverQuota: RefuseOverQuota;
  command: Leases["command"];
  begin: Leases["begin"];
  livekitEnabled: boolean;
  /** How long a session waits for its next turn. */
  sessionIdleMs: number;
}

/** One turn with an agent by HTTP: sound in, sound out. See docs/decisions/027-a-session-is-a-call.md. */
export function voiceRoutes(app: FastifyInstance, options: VoiceOptions): void {
  const { store, agents } = options;
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  /** The call of that room that goes on. Throws HttpProblem 404 `call-not-found`. */
  async function inRoom(room: string, own: string | undefined): Promise<CallRow> {
    if (!options.livekitEnabled) throw new HttpProblem(503, "livekit-disabled", LIVEKIT_IS_OFF);
    const row =
      (await store.calls.liveIn(room, own)) ??
      (own === undefined ? null : await store.calls.liveIn(tenantRoom(own, room), own));
    if (row !== null) return row;
    throw new HttpProblem(404, "call-not-found", `No call goes on in a room ${JSON.stringify(room)}.`);
  }

  async function session(sessionId: string, own: string | undefined): Promise<CallRow> {
    const row = await store.calls.get(sessionId, own);
    if (row === null || row.room !== sessionRoom(sessionId))
      throw new HttpProblem(404, "session-not-found", `There is no session ${JSON.stringify(sessionId)}.`);
    if (row.status === "live") return row;
    throw new HttpProblem(409, "session-over", `It is over (${row.endReason}): begin another without session_id.`);
  }

  async function begun({ principal }: FastifyRequest, body: ProcessVoice): Promise<string> {
    const tenantId = await tenantOfNew(principal, body.tenantId, exists);
    const agentId = body.agentId ?? options.defaultAgent;
    const agent = await agents.find(agentId, tenantId);
    const callId = randomUUID();
    await options.refuseOverQuota(tenantId, [callId]);
    const metadata = {
      ...agent.metadata,
      callId,
      agentId,
      sessionIdleMs: options.sessionIdleMs,
      ...(tenantId === null ? {} : { tenantId }),
      ...(body.voiceLanguage == null ? {} : { language: body.voiceLanguage }),
    };
    await options.begin({ callId, agentName: agent.agentName, metadata: JSON.stringify(metadata) });
    return callId;
  }

  app.post<{ Body: ProcessVoice }>(
    "/livekit/process-voice",
    {
      bodyLimit: SOUND_BODY_BYTES,
      config: { access: "calls:write", isEveryday: true, answersSecret: true },
      ...manySounds(app),
      schema: {
        summary: "Say something to an agent, and hear its answer",
        description: "Without room_name or session_id a session begins. An answer is waited for 30 s at most.",
        tags: ["livekit"],
        body: processVoice,
        response: { 200: voiceAnswer },
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const own = tenantSeenBy(principal);
      const named =
        body.room_name != null
          ? await inRoom(body.room_name, own)
          : body.session_id != null
            ? await session(body.session_id, own)
            : null;
      const samples = await soundOf(body, HEARING_RATE_HZ);
      const callId = named?.callId ?? (await begun(request, body));
      const turn = { callId, samples, by: actorOf(principal), isNew: named === null };
      const { transcript, intent, replyText, wav } = await takeTurn(options, turn);
      reply.header("cache-control", "no-store");
      return { transcript, intent, reply_text: replyText, audio_data: wav, session_id: callId };
    },
  );
}
