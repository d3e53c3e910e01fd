import type { CallRow, Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { actorOf, tenantSeenBy } from "../access/principal.ts";
import type { BeginningCalls } from "../calls/beginning.ts";
import { HttpProblem } from "../http/problem.ts";
import type { LiveKitAccess } from "../livekit.ts";
import { SOUND_BODY_BYTES, soundOf } from "../sound/decode.ts";
import { manySounds } from "../sound/many.ts";
import { type AgentChanges, changeAgent } from "./change-agent.ts";
import { answerTo, type CallOrder, commandOf } from "./orders.ts";
import { notLive, orThrow, starting } from "./outcome.ts";
import * as schema from "./schema.ts";
import { transferCaller } from "./transfer.ts";

const tags = ["calls"];
/** What is given is kept as well as a voice is. */
const VOICE_RATE_HZ = 24_000;
/** Stands in the transcript for a sound of which nobody said what it is. */
const NO_TEXT = "[sound]";

export interface ControlOptions extends AgentChanges {
  store: Pick<Store, "parcels">;
  beginning: BeginningCalls;
  livekit: Pick<LiveKitAccess, "rooms" | "transferCaller">;
}

type Params = z.infer<typeof schema.controlParams>;

/** What may be done with a call while it goes on. The server writes nothing into its log: its owner is told. */
export function controlRoutes(app: FastifyInstance, options: ControlOptions): void {
  const { store, beginning, livekit, command } = options;

  function control<Body extends z.ZodObject>(
    type: CallOrder["type"],
    summary: string,
    body: Body,
    answer: z.ZodObject,
  ): void {
    app.post<{ Params: Params; Body: z.infer<Body> }>(
      `/api/calls/:callId/${type}`,
      {
        config: { access: "calls:write", isEveryday: true },
        schema: { summary, tags, params: schema.controlParams, body, response: { 200: answer } },
      },
      async (request) => {
        const { callId } = await liveCall(beginning, request);
        const order = { ...(request.body as object), type } as CallOrder;
        const { name, args } = commandOf(order, actorOf(request.principal));
        return answerTo(order, orThrow(await command(callId, name, args), callId));
      },
    );
  }

  app.post<{ Params: Params; Body: schema.SayOrPlay }>(
    "/api/calls/:callId/say",
    {
      bodyLimit: SOUND_BODY_BYTES,
      config: { access: "calls:write", isEveryday: true },
      ...manySounds(app),
      schema: {
        summary: "Say something in the agent's voice, or play a sound, after what it is saying",
        tags,
        params: schema.controlParams,
        body: schema.sayOrPlay,
        response: { 200: schema.accepted },
      },
    },
    async (request) => {
      const { callId } = await liveCall(beginning, request);
      const { text = NO_TEXT, interruptible } = request.body;
      const sound = await laidDown(store, callId, request.body);
      const args = { text, interruptible, by: actorOf(request.principal), ...sound };
      orThrow(await command(callId, "say", args), callId);
      return { accepted: true as const };
    },
  );
  control("interrupt", "Silence what the agent is saying", schema.interrupt, schema.interrupted);
  control("mute", "Mute the agent, or let it speak again", schema.mute, schema.muted);
  control("language", "Listen, think and speak in another language", schema.setLanguage, schema.languageSet);
  control("recording", "Record the call, pause, go on, or stop", schema.record, schema.recorded);
  control("hang-up", "End the call, once what is being said is said", schema.hangUp, schema.accepted);

  app.post<{ Params: Params; Body: z.infer<typeof schema.transfer> }>(
    "/api/calls/:callId/transfer",
    {
      config: { access: "calls:write" },
      schema: {
        summary: "Hand a telephone caller to another number, or the call to another agent",
        description:
          "To a number: answers when that one has answered, within 25 s; the caller has left the room then. To an agent: it goes on in the same room, with what was said so far; within 35 s, where another worker has to take it.",
        tags,
        params: schema.controlParams,
        body: schema.transfer,
        response: { 200: schema.transferred },
      },
    },
    async (request) => {
      const row = await liveCall(beginning, request);
      const { callId, room, tenantId } = row;
      const { to, participantId, agentId, message, reason } = request.body;
      if (agentId !== undefined) {
        const by = actorOf(request.principal);
        await changeAgent(options, { callId, tenantId, agentId, message, reason, by, soon: false });
        return { agentId };
      }
      if (room === null || to === undefined) throw notLive(callId);
      return { participantId: await transferCaller(livekit, room, { to, participantId }), to };
    },
  );
}

/** The sound of a request, where its worker finds it: it fetches it before it answers. */
async function laidDown(store: Pick<Store, "parcels">, callId: string, { audio_data, sample_rate }: schema.SayOrPlay) {
  if (audio_data == null) return {};
  const samples = await soundOf({ audio_data, sample_rate }, VOICE_RATE_HZ);
  const parcel = await store.parcels.put(callId, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
  return { sound: { parcel, sampleRateHz: VOICE_RATE_HZ } };
}

/** Throws HttpProblem 404 `call-not-found`, 409 `call-starting`, `call-not-live`. */
async function liveCall(beginning: BeginningCalls, request: FastifyRequest): Promise<CallRow> {
  const { callId } = request.params as Params;
  const { row, isExpected } = await beginning.find(callId, tenantSeenBy(request.principal));
  if (isExpected) throw starting(callId);
  if (row === null) throw new HttpProblem(404, "call-not-found", `There is no call ${JSON.stringify(callId)}.`);
  if (row.status === "ended") throw notLive(callId);
  return row;
}
