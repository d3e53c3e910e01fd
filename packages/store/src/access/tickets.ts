import { and, eq, gt, lt } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { sha256 } from "../sha256.ts";
import { tickets } from "./schema.ts";

/** What its bearer may do, once. */
export interface Ticket {
  callId: string;
  tenantId: string | null;
  mayControl: boolean;
  /** Of the key that it was made with; null: PARLEY_API_KEY. */
  keyId: string | null;
}

export interface Tickets {
  issue(ticket: Ticket & { secret: string; expiresAt: Date }): Promise<void>;
  /** It is gone then. Null: unknown, used or expired. */
  redeem(secret: string): Promise<Ticket | null>;
}

export function ticketsIn(db: NodePgDatabase): Tickets {
  return {
    async issue({ secret, ...ticket }) {
      await db.delete(tickets).where(lt(tickets.expiresAt, new Date()));
      await db.insert(tickets).values({ ...ticket, ticketSha256: sha256(secret) });
    },
    async redeem(secret) {
      const [row] = await db
        .delete(tickets)
        .where(and(eq(tickets.ticketSha256, sha256(secret)), gt(tickets.expiresAt, new Date())))
        .returning({
          callId: tickets.callId,
          tenantId: tickets.tenantId,
          mayControl: tickets.mayControl,
          keyId: tickets.keyId,
        });
      return row ?? null;
    },
  };
}
