import { deadlines, type Fact, type InputBody, recoverState, step } from "@parley/conversation";

/** More than the rules ever need to end a call that nobody runs. */
const MOST_STEPS = 100;

/**
 * The last facts of a call that no process may run any more (each that tried died of it): recovered, and ended with
 * `reason` in the same moment. To be appended in `epoch`; empty when the log is closed already.
 */
export function endingFacts(facts: readonly Fact[], epoch: number, reason: string, wallMs: number): Fact[] {
  if (facts.length === 0) return [];
  const { state, missing } = recoverState(facts);
  const ending: Fact[] = missing.map((fact) => ({ ...fact, epoch }));
  let now = { ...state, epoch };
  const take = (input: InputBody): void => {
    const next = step(now, input, now.at);
    now = next.state;
    ending.push(...next.facts);
  };
  if (now.closing.phase === "closed") return [];
  take({ type: "call-recovered", wallMs, by: "nobody" });
  take({ type: "close-requested", reason, afterReply: false });
  for (let left = MOST_STEPS; left > 0 && now.closing.phase !== "closed"; left--) {
    if (now.closing.exitSince !== null) {
      // Nobody runs the author's onExit.
      take({ type: "exit-finished" });
      continue;
    }
    const [due] = [...deadlines(now)].sort((a, b) => a.at - b.at);
    if (!due) break;
    now = { ...now, at: Math.max(now.at, due.at) };
    take({ type: "deadline-passed", deadline: due.id });
  }
  return ending;
}
