const FAILURES =
  /^(unserved|no-worker|no-agent|error|failed|crashed|lost|poisoned|gave-up|recovered-too-often|start-failed)/;

/** Whether a call that ended for this reason was one in which nobody was served as they should. */
export function endedInFailure(reason: string): boolean {
  return FAILURES.test(reason);
}
