import type { CallRow, Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { actorOf, tenantSeenBy } from "../access/principal.ts";
import { HttpProblem } from "../http/problem.ts";
import type { Leases } from "../leases/leases.ts";
import type { LiveKitAccess } from "../livekit.ts";
import { answerTo, type CallOrder, commandOf } from "./orders.ts";
import { notLive, orThrow } from "./outcome.ts";
import * as schema from "./schema.ts";
import { transferCaller } from "./transfer.ts";

const tags = ["calls"];

export interface ControlOptions {
  store: Pick<Store, "calls">;
  livekit: Pick<LiveKitAccess, "rooms" | "transferCaller">;
  command: Leases["command"];
}

type Params = z.infer<typeof schema.controlParams>;

/** What may be done with a call while it goes on. The server writes nothing into its log: its owner is told. */
export function controlRoutes(app: FastifyInstance, options: ControlOptions): void {
  const { store, livekit, command } = options;

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
        const { callId } = await liveCall(store, request);
        const order = { ...(request.body as object), type } as CallOrder;
        const { name, args } = commandOf(order, actorOf(request.principal));
        return answerTo(order, orThrow(await command(callId, name, args), callId));
      },
    );
  }

  control("say", "Say something in the agent's voice, after what it is saying", schema.say, schema.accepted);
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
        summary: "Hand a telephone caller to another number",
        description: "Answers when that one has answered, within 25 s; the caller has left the room then.",
        tags,
        params: schema.controlParams,
        body: schema.transfer,
        response: { 200: schema.transferred },
      },
    },
    async (request) => {
      const { callId, room } = await liveCall(store, request);
      if (room === null) throw notLive(callId);
      return { participantId: await transferCaller(livekit, room, request.body), to: request.body.to };
    },
  );
}

/** Throws HttpProblem 404 `call-not-found`, 409 `call-not-live`. */
export async function liveCall(store: Pick<Store, "calls">, request: FastifyRequest): Promise<CallRow> {
  const { callId } = request.params as Params;
  const row = await store.calls.get(callId, tenantSeenBy(request.principal));
  if (row === null) throw new HttpProblem(404, "call-not-found", `There is no call ${JSON.stringify(callId)}.`);
  if (row.status === "ended") throw notLive(callId);
  return row;
}
