import { randomUUID } from "node:crypto";
import { Client, type ClientConfig, type QueryResult, type QueryResultRow } from "pg";
import type { StoreLog } from "../log.ts";
import { assembler, split } from "./pieces.ts";

const CHANNEL = "parley_replicas";
/** Of the advisory lock that the leader holds: "LEAD". */
const LOCK_KEY = 0x4c454144;
/** How often the lock is asked for, or the connection that holds it whether it lives. */
const LOOK_MS = 500;
const ANSWER_MS = 2_000;
const RETRY_MS = 500;

/** What a replica hears. Events come one at a time. */
export interface ReplicaEvents {
  /** Everything from now on is heard; what was said before may not have been. */
  up(): void;
  /** Nothing is heard, and whoever led leads no more. */
  down(): void;
  /** Of the replicas of this database it is this one that leads, until `down`. Terms grow. */
  leading(term: number): void;
  /** Of another replica. */
  message(from: string, text: string): void;
}

/** A replica's line to the others of the same database. */
export interface ReplicaLink {
  /** Of this process and this link. */
  readonly id: string;
  /** JSON for all others; nobody gets it while the line is down. */
  send(text: string): void;
  /** Idempotent. */
  close(): Promise<void>;
}

interface Session {
  client: Client;
  leads: boolean;
  /** One after the other. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>;
}

function sessionOf(client: Client): Session {
  let last: Promise<unknown> = Promise.resolve();
  return {
    client,
    leads: false,
    query(text, values) {
      const asked = last.then(() => client.query(text, values));
      last = asked.catch(() => undefined);
      return asked;
    },
  };
}

/** One connection of its own, made again for as long as it takes. See docs/decisions/025-one-replica-keeps-the-book.md. */
export function joinReplicas(config: ClientConfig, events: ReplicaEvents, log: StoreLog): ReplicaLink {
  const id = randomUUID();
  let session: Session | null = null;
  let sent = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function later(ms: number): void {
    if (isClosed) return;
    clearTimeout(timer);
    timer = setTimeout(() => void (session === null ? connect() : look()), ms);
  }

  async function connect(): Promise<void> {
    const client = new Client({ ...config, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS });
    const assemble = assembler();
    client.on("error", (error) => drop(client, error));
    client.on("end", () => drop(client, new Error("the connection ended")));
    client.on("notification", ({ payload = "" }) => {
      const message = assemble(payload);
      if (session?.client === client && message !== null && message.sender !== id)
        events.message(message.sender, message.text);
    });
    try {
      await client.connect();
      // What is said need not be on the disk. A replica that stands still, or whose machine is gone, loses the lock.
      await client.query(`set synchronous_commit = off; set idle_session_timeout = '5s'; set tcp_user_timeout = '4s';
        set tcp_keepalives_idle = 2; set tcp_keepalives_interval = 1; set tcp_keepalives_count = 3; listen ${CHANNEL}`);
    } catch (error) {
      log.debug({ error: String(error) }, "no line to the other replicas yet");
      void client.end().catch(() => undefined);
      later(RETRY_MS);
      return;
    }
    if (isClosed) return void client.end().catch(() => undefined);
    session = sessionOf(client);
    events.up();
    await look();
  }

  async function look(): Promise<void> {
    const current = session;
    if (current === null) return;
    try {
      if (current.leads) await current.query("select 1");
      else await tryToLead(current);
      later(LOOK_MS);
    } catch (error) {
      drop(current.client, error);
    }
  }

  async function tryToLead(current: Session): Promise<void> {
    const { rows } = await current.query<{ mine: boolean }>("select pg_try_advisory_lock($1) as mine", [LOCK_KEY]);
    if (rows[0]?.mine !== true) return;
    const terms = await current.query<{ term: string }>("select pg_current_xact_id()::text as term");
    if (session !== current) return;
    current.leads = true;
    events.leading(Number(terms.rows[0]?.term));
  }

  function drop(client: Client, error: unknown): void {
    if (session?.client !== client) return;
    session = null;
    if (!isClosed) log.warn({ error: String(error) }, "the line to the other replicas broke; it is made again");
    events.down();
    // Should the other end not hear of it, its own time-outs take the lock away.
    void client.end().catch(() => undefined);
    later(RETRY_MS);
  }

  void connect();
  return {
    id,
    send(text) {
      const current = session;
      if (current === null) return;
      sent += 1;
      current
        .query(`select pg_notify('${CHANNEL}', piece) from unnest($1::text[]) as piece`, [split(id, sent, text)])
        .catch((error: unknown) => drop(current.client, error));
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(timer);
      const current = session;
      session = null;
      if (current === null) return;
      events.down();
      await current.client.end().catch(() => undefined);
    },
  };
}
