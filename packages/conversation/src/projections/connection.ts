import { type ConnectionQuality, connectionQualities } from "../facts/call.ts";
import type { RuleState } from "../rules/state.ts";

/** The worst connection that sound of this call goes over: that of somebody who is there, or the agent's own. */
export function worstConnection({ hearing }: RuleState): ConnectionQuality {
  let worst = connectionQualities.indexOf(hearing.connection);
  for (const { present, connection } of Object.values(hearing.people))
    if (present) worst = Math.max(worst, connectionQualities.indexOf(connection));
  return connectionQualities[worst] as ConnectionQuality;
}

/** Not everything that is said arrives. */
export function isPoor(quality: ConnectionQuality): boolean {
  return quality === "poor" || quality === "lost";
}
