import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded/start.ts";

export interface TestPostgres {
  /** A fresh, empty database; its URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** One real Postgres for a test file. */
export async function testPostgres(): Promise<TestPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), "parley-store-"));
  const postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir });
  let count = 0;
  return {
    async database() {
      count += 1;
      const name = `test_${count}`;
      await withClient(postgres.url, (client) => client.query(`create database ${name}`));
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async stop() {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
