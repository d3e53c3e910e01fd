import { Client } from "pg";
import { codeOf } from "../postgres-error.ts";
import { DATABASE, SUPERUSER } from "./cluster.ts";

/** Loopback only: nothing embedded is reachable from elsewhere. */
export const HOST = "127.0.0.1";

/** Is it there, and is it the one whose password we hold? */
export async function canLogIn(port: number, password: string): Promise<boolean> {
  try {
    await withClient(port, password, "postgres", (client) => client.query("select 1"));
    return true;
  } catch {
    return false;
  }
}

export async function ensureDatabase(port: number, password: string): Promise<void> {
  try {
    await withClient(port, password, DATABASE, (client) => client.query("select 1"));
  } catch (error) {
    // 3D000: no such database.
    if (codeOf(error) !== "3D000") throw error;
    await withClient(port, password, "postgres", (client) => client.query(`create database ${DATABASE}`));
  }
}

async function withClient<T>(
  port: number,
  password: string,
  database: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    host: HOST,
    port,
    user: SUPERUSER,
    password,
    database,
    connectionTimeoutMillis: 3_000,
    query_timeout: 10_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
