/** What a key may be good for. `<resource>:write` includes `<resource>:read`. */
export const resources = [
  "calls",
  "agents",
  "recordings",
  "contexts",
  "webhooks",
  "usage",
  "apps",
  "keys",
  "tenants",
  "audit",
  "erasures",
] as const;
type Resource = (typeof resources)[number];

export type Scope = `${Resource}:${"read" | "write"}`;
export const scopes = resources.flatMap(
  (resource) => [`${resource}:read`, `${resource}:write`] as const,
) as readonly Scope[];

/** Whether one of the given scopes permits what the wanted one names. */
export function permits(given: Iterable<string>, wanted: Scope): boolean {
  const [resource] = wanted.split(":");
  for (const scope of given) if (scope === wanted || scope === `${resource}:write`) return true;
  return false;
}
