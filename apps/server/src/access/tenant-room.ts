import { HttpProblem } from "../http/problem.ts";

/** Ids of tenants have no tilde, so no tenant's room can be named by another. */
const MARK = "~";
const OF_A_TENANT = /^[a-z0-9-]+~/;

/** LiveKit's name of a tenant's room: people of two tenants who name the same room do not meet. */
export function tenantRoom(tenantId: string | null, name: string): string {
  if (tenantId !== null) return `${tenantId}${MARK}${name}`;
  if (OF_A_TENANT.test(name))
    throw new HttpProblem(404, "room-not-found", `The room ${JSON.stringify(name)} is not one that you may join.`);
  return name;
}

/** Whose room it is by its name; null: nobody's in particular. */
export function tenantOfRoom(room: string): string | null {
  return OF_A_TENANT.exec(room)?.[0].slice(0, -1) ?? null;
}
