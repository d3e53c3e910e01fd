import { type EmbeddedPostgres, startEmbeddedPostgres } from "@parley/store";
import { gone, type Part } from "./settings.ts";

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
      process.kill(postgres.pid, "SIGKILL");
      await gone(postgres.pid);
      // Lets go of the folder.
      await postgres.stop();
    },
    async start() {
      postgres = await startEmbeddedPostgres({ dataDir, port });
    },
    stop: () => postgres.stop(),
  };
}
