import type { Clock } from "@parley/engine";
import type { Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { bearer, type Identify } from "../access/authenticate.ts";
import { actorOf, mayDo, type Principal, tenantSeenBy } from "../access/principal.ts";
import { newTicket } from "../access/secrets.ts";
import { type BeginningCalls, callNow } from "../calls/beginning.ts";
import { answerTo, type CallOrder, commandOf } from "../control/orders.ts";
import { orThrow } from "../control/outcome.ts";
import { iso } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import type { Leases } from "../leases/leases.ts";
import type { ServerLog } from "../log.ts";
import { liveDoor, type Pass } from "./door.ts";
import { eventStream } from "./events.ts";
import type { Feed, Subscription } from "./feed.ts";
import type { Sink } from "./follower.ts";
import * as schema from "./schema.ts";
import type { Upgrades } from "./upgrades.ts";
import { watcher } from "./watcher.ts";

const tags = ["calls"];
const TICKET_MS = 60_000;

export interface LiveOptions {
  store: Pick<Store, "tickets" | "apiKeys">;
  beginning: BeginningCalls;
  feed: Feed;
  upgrades: Upgrades;
  identify: Identify;
  command: Leases["command"];
  clock: Clock;
  log: ServerLog;
}

type Params = z.infer<typeof schema.liveParams>;

/** Who opened a feed, and what that one may do. */
interface Viewer {
  tenantId: string | undefined;
  by: string;
  mayControl: boolean;
  /** Null: that of PARLEY_API_KEY. */
  pass: Pass | null;
}

/** A call's facts as they happen, by WebSocket. */
export function liveRoutes(app: FastifyInstance, options: LiveOptions): void {
  const { store, beginning, feed, upgrades, identify, command, clock, log } = options;
  const door = liveDoor({ store, clock, log });
  app.addHook("onClose", async () => door.close());

  app.post<{ Params: Params; Body: z.infer<typeof schema.ticketRequest> }>(
    "/api/calls/:callId/ticket",
    {
      config: { access: "calls:read", isEveryday: true, answersSecret: true },
      schema: {
        summary: "A ticket for a browser to open the call's live feed, good once within a minute",
        tags,
        params: schema.liveParams,
        body: schema.ticketRequest,
        response: { 201: schema.ticket },
      },
    },
    async (request, reply) => {
      const { callId } = await seen(request, tenantSeenBy(request.principal));
      const { control: mayControl } = request.body;
      if (mayControl && !mayDo(request.principal, "calls:write"))
        throw new HttpProblem(403, "scope-missing", "This key lacks the scope calls:write, which control needs.");
      const [secret, expiresAt] = [newTicket(), new Date(clock.wall() + TICKET_MS)];
      const tenantId = tenantSeenBy(request.principal) ?? null;
      const keyId = request.principal.kind === "key" ? request.principal.keyId : null;
      await store.tickets.issue({ secret, callId, tenantId, mayControl, keyId, expiresAt });
      reply.code(201).header("cache-control", "no-store");
      return { ticket: secret, expiresAt: iso(expiresAt) };
    },
  );

  app.get<{ Params: Params; Querystring: z.infer<typeof schema.liveQuery> }>(
    "/api/calls/:callId/live",
    {
      config: { access: "itself" },
      // A WebSocket is nothing that OpenAPI can describe: see docs/calls-api.md.
      schema: { summary: "Live feed", hide: true, params: schema.liveParams, querystring: schema.liveQuery },
    },
    async (request, reply) => {
      const viewer = await viewerOf(request);
      const { callId, status } = await seen(request, viewer.tenantId);
      const socket = await upgrades.accept(request, reply);
      let subscription: Subscription | null = null;
      let leave = (): void => {};
      const sink = watcher(socket, {
        clock,
        carryOut: viewer.mayControl ? (order) => carryOut(callId, order, viewer.by) : null,
        gone() {
          leave();
          subscription?.close();
        },
      });
      try {
        const { afterSeq } = request.query;
        subscription = feed.subscribe(callId, { afterSeq, isOver: status === "ended" }, sink);
        leave = guarded(viewer.pass, sink, subscription);
        log.info({ callId, by: viewer.by, watching: feed.size }, "a live feed was opened");
      } catch (error) {
        // It is a WebSocket by now: the code stands for 503.
        socket.close(1013, error instanceof HttpProblem ? error.code : "internal");
      }
    },
  );

  app.get<{ Params: Params; Querystring: z.infer<typeof schema.eventsQuery> }>(
    "/api/calls/:callId/events",
    {
      config: { access: "calls:read" },
      // It ends with the call: nothing for tools that try every route of the description.
      schema: {
        summary: "Live feed as server-sent events",
        hide: true,
        params: schema.liveParams,
        querystring: schema.eventsQuery,
      },
    },
    async (request, reply) => {
      const { callId, status, lastSeq } = await seen(request, tenantSeenBy(request.principal));
      const afterSeq = schema.lastEventId(request.headers["last-event-id"]) ?? request.query.afterSeq;
      const isOver = status === "ended";
      // By that an EventSource knows that it need not come back.
      if (isOver && afterSeq >= lastSeq) return reply.code(204).send();
      let subscription: Subscription | null = null;
      let leave = (): void => {};
      const gone = () => {
        leave();
        subscription?.close();
      };
      const { sink, body } = eventStream({ clock, gone });
      try {
        subscription = feed.subscribe(callId, { afterSeq, isOver }, sink);
        leave = guarded(passOf(request, request.principal), sink, subscription);
      } catch (error) {
        body.destroy();
        throw error;
      }
      return reply
        .headers({ "cache-control": "no-store", "x-accel-buffering": "no" })
        .type("text/event-stream")
        .send(body);
    },
  );

  /** Nobody watches longer than the key is good. */
  function guarded(pass: Pass | null, sink: Sink, subscription: Subscription): () => void {
    if (pass === null) return () => {};
    return door.admit(pass, () => {
      subscription.close();
      sink.over("key-gone");
    });
  }

  async function carryOut(callId: string, order: CallOrder, by: string): Promise<Record<string, unknown>> {
    const { name, args } = commandOf(order, by);
    return answerTo(order, orThrow(await command(callId, name, args), callId));
  }

  async function seen({ params }: FastifyRequest, tenantId: string | undefined) {
    const { callId } = params as Params;
    return callNow(beginning, callId, tenantId);
  }

  async function isStillGood(keyId: string): Promise<boolean> {
    return (await store.apiKeys.stillGood({ secrets: [], keyIds: [keyId] })).keyIds.has(keyId);
  }

  async function viewerOf(request: FastifyRequest): Promise<Viewer> {
    const { ticket } = request.query as z.infer<typeof schema.liveQuery>;
    if (ticket !== undefined) {
      const known = await store.tickets.redeem(ticket);
      const isGood = known !== null && (known.keyId === null || (await isStillGood(known.keyId)));
      if (known === null || !isGood || known.callId !== (request.params as Params).callId) {
        const detail =
          "This ticket is unknown, used, expired, or of another call: get one by POST /api/calls/:callId/ticket.";
        throw new HttpProblem(401, "ticket-not-good", detail);
      }
      const { tenantId, mayControl, keyId } = known;
      return { tenantId: tenantId ?? undefined, by: "ticket", mayControl, pass: keyId === null ? null : { keyId } };
    }
    const principal = await identify(request, "calls:read");
    return {
      tenantId: tenantSeenBy(principal),
      by: actorOf(principal),
      mayControl: mayDo(principal, "calls:write"),
      pass: passOf(request, principal),
    };
  }
}

/** A key of the database, as it came; others are good for as long as the server runs. */
function passOf({ headers }: FastifyRequest, principal: Principal): Pass | null {
  const secret = bearer(headers);
  return principal.kind === "key" && secret !== undefined ? { secret } : null;
}
