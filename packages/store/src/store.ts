import { setTimeout as sleep } from "node:timers/promises";
import { drizzle } from "drizzle-orm/node-postgres";
import { Client, type ClientConfig, Pool } from "pg";
import { type ApiKeys, apiKeysIn } from "./access/api-keys.ts";
import { type Apps, appsIn } from "./access/apps.ts";
import { type Idempotency, idempotencyIn } from "./access/idempotency.ts";
import { type Tickets, ticketsIn } from "./access/tickets.ts";
import { type Agents, agentsIn } from "./agents/agents.ts";
import { type Audit, auditIn } from "./audit/audit.ts";
import {
  type CallPage,
  type CallQuery,
  type CallRow,
  getCall,
  listCalls,
  listLiveCalls,
  liveCallIn,
} from "./calls/calls.ts";
import { type Connections, connectionsIn } from "./connections/connections.ts";
import { type LiveKitEvents, livekitEventsIn } from "./connections/livekit-events.ts";
import { type Contexts, contextsIn } from "./contexts/contexts.ts";
import { contextProjection } from "./contexts/projection.ts";
import { keyRing } from "./data-keys/data-keys.ts";
import { type DataKeys, dataKeysIn } from "./data-keys/for-calls.ts";
import { openNames } from "./data-keys/open.ts";
import { type Wrapping, wrapping } from "./data-keys/wrapped.ts";
import { type Erasures, erasuresIn } from "./erasure/erasures.ts";
import { StoreError } from "./error.ts";
import { type AppendResult, appending, fence } from "./facts/append.ts";
import type { Batch } from "./facts/fact.ts";
import { type FactPage, type FactQuery, readFacts } from "./facts/facts.ts";
import { factPartitions } from "./facts/partitions.ts";
import { type Hooks, hooksIn } from "./hooks/hooks.ts";
import { hookProjection } from "./hooks/projection.ts";
import { type StoreLog, silentLog } from "./log.ts";
import { migrate } from "./migrate.ts";
import { type Parcels, parcelsIn } from "./parcels/parcels.ts";
import { asStoreError, redactedTarget } from "./postgres-error.ts";
import { watchPresence } from "./presence.ts";
import { type Projections, projectionsIn } from "./projections/projections.ts";
import { type Deletions, deletionsIn } from "./recordings/deletions.ts";
import { type EgressRecordings, egressIn } from "./recordings/egress.ts";
import { type Joining, joiningIn } from "./recordings/joining.ts";
import { type Recordings, recordingsIn } from "./recordings/recordings.ts";
import { type Segments, segmentsIn } from "./recordings/segments.ts";
import { joinReplicas, type ReplicaEvents, type ReplicaLink } from "./replicas/link.ts";
import { afterRestore } from "./restored.ts";
import { type Tenants, tenantsIn } from "./tenants/tenants.ts";
import { transcriptProjection } from "./transcripts/projection.ts";
import { modelUsageProjection } from "./usage/models.ts";
import { type Places, placesIn } from "./usage/places.ts";
import { usageProjection } from "./usage/projection.ts";
import { type UsageSums, usageIn } from "./usage/usage.ts";
import { type Deliveries, deliveriesIn } from "./webhooks/deliveries.ts";
import { webhookProjection } from "./webhooks/projection.ts";
import { type Webhooks, webhooksIn } from "./webhooks/webhooks.ts";
import { type WorkerKeys, workerKeysIn } from "./worker-keys.ts";

const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;
/** What runs is over by then: statements have their own limit. */
const CLOSE_MS = 15_000;
/** How long a replica waits for another one's migrations. */
const MIGRATION_LOCK_MS = 120_000;

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`, as in DATABASE_URL. */
  url: string;
  log?: StoreLog;
  /** How long to go on trying while Postgres is not up yet. Default 15,000 ms. */
  startWithinMs?: number;
  /** Connections at most. Default 10. */
  maxConnections?: number;
  /** 32 bytes each: data keys lie sealed with the first, all open. None: data keys lie plain. */
  secretKeys?: readonly Buffer[];
  /** Whether what people say and who they are is sealed in the database. Default true; what is sealed is read either way. */
  sealFacts?: boolean;
}

/** All methods throw StoreError. */
export interface Store {
  calls: {
    /** `tenantId` given: another tenant's call is not there. */
    get(callId: string, tenantId?: string): Promise<CallRow | null>;
    /** The newest one that goes on in this room. */
    liveIn(room: string, tenantId?: string): Promise<CallRow | null>;
    list(query?: CallQuery): Promise<CallPage>;
    /** Calls that have not ended, by id, 100 (500 at most) behind `afterCallId`; of which nothing was stored for `idleMs`. */
    listLive(options?: { limit?: number; afterCallId?: string; idleMs?: number }): Promise<CallRow[]>;
  };
  facts: {
    /** Stores each fact exactly once by (callId, epoch, seq), all or none, together with what it changes in the call's row. */
    appendBatch(batch: Batch): Promise<AppendResult>;
    /** From now on nothing of older epochs is taken: the call is given to an owner that has not written yet. */
    fence(callId: string, epoch: number): Promise<void>;
    read(callId: string, options?: FactQuery): Promise<FactPage>;
  };
  workerKeys: WorkerKeys;
  tenants: Tenants;
  apiKeys: ApiKeys;
  apps: Apps;
  tickets: Tickets;
  idempotency: Idempotency;
  audit: Audit;
  agents: Agents;
  connections: Connections;
  livekitEvents: LiveKitEvents;
  erasures: Erasures;
  recordings: Recordings;
  /** What is being recorded, as it comes from the workers. */
  recordingSegments: Segments;
  recordingJoins: Joining;
  recordingDeletions: Deletions;
  egressRecordings: EgressRecordings;
  projections: Projections;
  usage: UsageSums;
  places: Places;
  contexts: Contexts;
  parcels: Parcels;
  webhooks: Webhooks;
  hooks: Hooks;
  deliveries: Deliveries;
  dataKeys: DataKeys;
  /** The line to the other replicas of this database; closed with the store. */
  joinReplicas(events: ReplicaEvents): ReplicaLink;
  /** Resolves when Postgres answers. */
  ping(): Promise<void>;
  /** Idempotent; waits for running statements, 15 s at most. */
  close(): Promise<void>;
}

/** Connects, migrates, and gives the repositories. Throws StoreError. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const {
    url,
    log = silentLog,
    startWithinMs = 15_000,
    maxConnections = 10,
    secretKeys = [],
    sealFacts = true,
  } = options;
  const target = redactedTarget(url);
  const config = connectionConfig(url, target);
  const wraps = wrapping(secretKeys);
  const names = await migrateWhenUp(config, target, wraps, log, Date.now() + startWithinMs);

  const pool = new Pool({
    ...config,
    max: maxConnections,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_MS,
    // The server's own limit comes first; this one is for a server that is gone.
    query_timeout: STATEMENT_MS + 5_000,
    idle_in_transaction_session_timeout: STATEMENT_MS,
  });
  // Without listeners a dropped connection would end the process: an idle one, and one that is between two statements.
  pool.on("error", (error) => log.warn({ error: error.message }, "an idle Postgres connection was dropped"));
  pool.on("connect", (client) => {
    client.on("error", (error) => log.debug({ error: error.message }, "a Postgres connection broke"));
  });
  const db = drizzle(pool);
  const keys = keyRing(db, { wraps, names, isSealing: sealFacts });
  const append = appending(pool, db, factPartitions(pool), keys);
  const links: ReplicaLink[] = [];
  let closing: Promise<void> | undefined;

  const presence = watchPresence(config, target, log);
  const { guarded } = presence;
  /** Every method of a repository throws StoreError. */
  const guard = <Repository extends object>(repository: Repository): Repository => {
    const guardedMethods = Object.entries(repository).map(([name, method]) => [
      name,
      (...args: unknown[]) => guarded(() => (method as (...given: unknown[]) => Promise<unknown>)(...args)),
    ]);
    return Object.fromEntries(guardedMethods) as Repository;
  };

  return {
    calls: {
      get: (callId, tenantId) => guarded(() => getCall(db, keys, callId, tenantId)),
      liveIn: (room, tenantId) => guarded(() => liveCallIn(db, keys, room, tenantId)),
      list: (query) => guarded(() => listCalls(db, keys, query)),
      listLive: (page) => guarded(() => listLiveCalls(db, keys, page)),
    },
    facts: {
      appendBatch: (batch) => guarded(() => append(batch)),
      fence: (callId, epoch) => guarded(() => fence(db, callId, epoch)),
      read: (callId, page) => guarded(() => readFacts(db, keys, callId, page)),
    },
    workerKeys: guard(workerKeysIn(db)),
    tenants: guard(tenantsIn(db)),
    apiKeys: guard(apiKeysIn(db)),
    apps: guard(appsIn(db)),
    tickets: guard(ticketsIn(db)),
    idempotency: guard(idempotencyIn(db)),
    audit: guard(auditIn(db)),
    agents: guard(agentsIn(db)),
    connections: guard(connectionsIn(db, keys)),
    livekitEvents: guard(livekitEventsIn(db)),
    erasures: guard(erasuresIn(db, keys)),
    recordings: guard(recordingsIn(db)),
    recordingSegments: guard(segmentsIn(db, keys)),
    recordingJoins: guard(joiningIn(db, keys)),
    recordingDeletions: guard(deletionsIn(db)),
    egressRecordings: guard(egressIn(db, keys)),
    projections: guard(
      projectionsIn(
        db,
        keys,
        [
          usageProjection,
          modelUsageProjection,
          webhookProjection(keys),
          transcriptProjection(keys),
          contextProjection(keys, log),
          hookProjection(keys),
        ],
        log,
      ),
    ),
    usage: guard(usageIn(db)),
    places: guard(placesIn(db)),
    contexts: guard(contextsIn(db, keys)),
    parcels: guard(parcelsIn(db)),
    webhooks: guard(webhooksIn(db, keys)),
    hooks: guard(hooksIn(db)),
    deliveries: guard(deliveriesIn(db, keys)),
    dataKeys: guard(dataKeysIn(db, keys)),
    joinReplicas(events) {
      const link = joinReplicas(config, events, log);
      links.push(link);
      return link;
    },
    ping: () =>
      guarded(async () => {
        await pool.query("select 1");
      }),
    close() {
      presence.close();
      for (const link of links) void link.close();
      // A connection whose server died may never say so.
      closing ??= Promise.race([pool.end(), sleep(CLOSE_MS, undefined, { ref: false })]);
      return closing;
    },
  };
}

function connectionConfig(url: string, target: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(url) || target === "(not a URL)") {
    throw new StoreError(
      "DATABASE_URL is not the address of a Postgres database: it should read postgres://user:password@host:5432/database.",
      { code: "store-url-invalid", category: "configuration" },
    );
  }
  return {
    connectionString: url,
    application_name: "parley",
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  };
}

/** Gives the key that people are looked up by. */
async function migrateWhenUp(
  config: ClientConfig,
  target: string,
  wraps: Wrapping,
  log: StoreLog,
  deadline: number,
): Promise<Buffer> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 2_000)) {
    const client = new Client({ ...config, lock_timeout: MIGRATION_LOCK_MS });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await migrate(client, log);
      const db = drizzle(client);
      const names = await openNames(db, wraps);
      await afterRestore(db, log);
      return names;
    } catch (error) {
      const failure = asStoreError(error, target);
      if (!failure.retryable || Date.now() + waitMs > deadline) throw failure;
      log.warn({ code: failure.code, retryInMs: waitMs }, failure.message);
    } finally {
      await client.end().catch(() => undefined);
    }
    await sleep(waitMs);
  }
}
