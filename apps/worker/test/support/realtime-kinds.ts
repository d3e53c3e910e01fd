import type { FaultName, RealtimeTurn } from "@parley/testkit";
import type { Outcome } from "./fault-kinds.ts";

/** A way in which a speech-to-speech model fails, as far as its port can show it. */
export interface RealtimeKind {
  /** At most eight letters and digits. */
  id: string;
  title: string;
  does: string;
  /** It fails to connect, at the beginning of the call and again when somebody speaks. */
  opening?: FaultName;
  /** It is connected, and fails when it is to answer. */
  turn?: RealtimeTurn;
  stated: Outcome;
}

const apology = (error: string): Outcome => ({
  heard: "the apology",
  error: `realtime-${error}`,
  askedAgain: "no",
  turn: "failed",
  next: "answered",
});
const half = (error: string): Outcome => ({ ...apology(error), heard: "half of the answer, the apology" });
/** The turn's own failure is that there is no session; why there is none was logged when it was to be opened. */
const away = (error: string) => apology(["network", error].sort().join(", realtime-"));

export const REALTIME_KINDS: readonly RealtimeKind[] = [
  { id: "refused", title: "refused", does: "cannot be connected", opening: "refused", stated: apology("network") },
  {
    id: "nohost",
    title: "name not found",
    does: "its host does not exist",
    opening: "name-not-found",
    stated: away("name-not-found"),
  },
  { id: "hung", title: "hung", does: "never connects", opening: "hung", stated: away("timeout") },
  { id: "limit", title: "429", does: "refuses to connect", opening: "rate-limited", stated: away("rate-limited") },
  { id: "error", title: "500", does: "refuses to connect", opening: "unavailable", stated: away("provider-failed") },
  { id: "mute", title: "hung", does: "never answers", turn: { fault: "hung" }, stated: apology("timeout") },
  {
    id: "slow",
    title: "slow",
    does: "answers after 1.5 s, 0.3 s between two words",
    turn: { firstMs: 1_500, wordMs: 300 },
    stated: { heard: "the answer", error: "–", askedAgain: "no", turn: "replied", next: "answered" },
  },
  { id: "late", title: "too slow", does: "answers after 6 s", turn: { firstMs: 6_000 }, stated: apology("timeout") },
  {
    id: "stalled",
    title: "stalled",
    does: "begins, 6 s between two words",
    turn: { wordMs: 6_000 },
    stated: half("timeout"),
  },
  {
    id: "limit2",
    title: "429",
    does: "says so for the answer",
    turn: { fault: "rate-limited" },
    stated: apology("rate-limited"),
  },
  {
    id: "error2",
    title: "500",
    does: "says so for the answer",
    turn: { fault: "unavailable" },
    stated: apology("provider-failed"),
  },
  {
    id: "garbage",
    title: "garbage",
    does: "sends what cannot be read",
    turn: { fault: "garbage" },
    stated: apology("garbage"),
  },
  {
    id: "cut",
    title: "cut",
    does: "breaks off in the middle of the answer",
    turn: { fault: "cut" },
    stated: half("cut"),
  },
  {
    id: "lost",
    title: "cut",
    does: "the connection is gone in the middle of the answer",
    turn: { fault: "cut", lost: true },
    stated: half("cut"),
  },
];

export function realtimeKind(tag: string): RealtimeKind {
  const kind = REALTIME_KINDS.find(({ id }) => tag === `realtime-${id}`);
  if (!kind) throw new Error(`no kind ${tag}`);
  return kind;
}
