import { type EmbeddedPostgres, startEmbeddedPostgres } from "@parley/store";
import { end, type Part } from "./settings.ts";

export interface PostgresPart extends Part {
  readonly url: string;
}

export async function openPostgres(dataDir: string): Promise<PostgresPart> {
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir });
  const { port } = postgres;
  return {
    url: postgres.url,
    get pid() {
      return postgres.pid;
    },
    async kill() {
      await end(postgres.pid);
      // Lets go of the folder.
      await postgres.stop();
    },
    async start() {
      postgres = await startEmbeddedPostgres({ dataDir, port });
    },
    stop: () => postgres.stop(),
  };
}
