import { and, eq, lt, or, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { StoreError } from "./error.ts";

/** Of a list, newest first. */
export interface PageQuery {
  /** Default 50, at most 200. */
  limit?: number | undefined;
  /** As the page before gave it. */
  cursor?: string | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Opaque; give it back for the next page. Null when this was the last. */
  nextCursor: string | null;
}

const MOST = 200;
const USUAL = 50;

export function pageSize(limit = USUAL): number {
  return Math.min(Math.max(1, Math.trunc(limit)), MOST);
}

/** Cuts `size + 1` rows to a page. `key`: what the list is sorted by, newest first. */
export function pageOf<Row>(rows: Row[], size: number, key: (row: Row) => { at: Date; id: string }): Page<Row> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > size && last !== undefined ? toCursor(key(last)) : null };
}

/** The condition for what lies behind the cursor; undefined for the first page. Throws StoreError `cursor-invalid`. */
export function behind(cursor: string | undefined, at: PgColumn, id: PgColumn): SQL | undefined {
  if (cursor === undefined) return undefined;
  const from = parseCursor(cursor);
  return or(lt(at, from.at), and(eq(at, from.at), lt(id, from.id)));
}

function toCursor({ at, id }: { at: Date; id: string }): string {
  return Buffer.from(`${at.getTime()}/${id}`).toString("base64url");
}

function parseCursor(cursor: string): { at: Date; id: string } {
  const match = /^(\d{1,15})\/([\w.:-]{1,128})$/.exec(Buffer.from(cursor, "base64url").toString());
  if (match === null) {
    throw new StoreError("The cursor is not one that this list gave out: leave it away to begin with the newest.", {
      code: "cursor-invalid",
      category: "refused",
    });
  }
  return { at: new Date(Number(match[1])), id: match[2] ?? "" };
}
