import { lt } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { livekitEvents } from "./schema.ts";

export interface LiveKitEvents {
  /** False: it was here before. */
  add(event: Omit<typeof livekitEvents.$inferSelect, "receivedAt">): Promise<boolean>;
  /** Drops what is older; how many. */
  sweep(before: Date): Promise<number>;
}

export function livekitEventsIn(db: NodePgDatabase): LiveKitEvents {
  return {
    async add(event) {
      const added = await db
        .insert(livekitEvents)
        .values(event)
        .onConflictDoNothing()
        .returning({ eventId: livekitEvents.eventId });
      return added.length > 0;
    },
    async sweep(before) {
      const gone = await db
        .delete(livekitEvents)
        .where(lt(livekitEvents.receivedAt, before))
        .returning({ eventId: livekitEvents.eventId });
      return gone.length;
    },
  };
}
