/** A response before it is sent: whole and in pieces, so that any fault can be put on any of them. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  pieces: readonly Uint8Array[];
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: { "content-type": "application/json", "content-length": String(body.length), ...headers },
    pieces: [body],
  };
}

/** OpenAI's error shape (https://platform.openai.com/docs/guides/error-codes). */
export function apiError(
  status: number,
  error: { message: string; type?: string; code?: string | null; param?: string | null },
  headers: Record<string, string> = {},
): Answer {
  const { message, type = "invalid_request_error", code = null, param = null } = error;
  return json({ error: { message, type, param, code } }, status, headers);
}

/** Thrown by an endpoint to answer with an error. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`HTTP ${answer.status}`);
    this.answer = answer;
  }
}

export function missing(param: string): Refusal {
  return new Refusal(apiError(400, { message: `you must provide a ${param} parameter`, param }));
}
