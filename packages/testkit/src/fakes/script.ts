/** What a fake answers: one after the other (the last one for ever), or as a function of the request. */
export type Script<Request, Answer> = readonly Answer[] | ((request: Request, index: number) => Answer);

/** The script as a function. Whoever gives no answers gets `fallback`. */
export function scripted<Request, Answer>(
  script: Script<Request, Answer> | undefined,
  fallback: Answer,
): (request: Request, index: number) => Answer {
  if (typeof script === "function") return script;
  const answers = script ?? [];
  return (_, index) => answers[Math.min(index, answers.length - 1)] ?? fallback;
}
