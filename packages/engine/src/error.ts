/** What kind of thing went wrong; decides whether a retry or a fallback makes sense. */
export type ErrorCategory =
  | "configuration"
  | "unauthorised"
  | "refused"
  | "rate-limited"
  | "timeout"
  | "network"
  | "protocol"
  | "provider"
  | "cancelled"
  | "internal";

export interface ParleyErrorOptions {
  /** Stable, kebab-case, e.g. `stt-timeout`. */
  code: string;
  category: ErrorCategory;
  retryable?: boolean;
  cause?: unknown;
}

/** Every error that crosses a package border. Its message tells the person what to do next. */
export class ParleyError extends Error {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly retryable: boolean;

  constructor(message: string, options: ParleyErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ParleyError";
    this.code = options.code;
    this.category = options.category;
    this.retryable = options.retryable ?? false;
  }
}

/** Wraps anything thrown into a ParleyError; a ParleyError passes through unchanged. */
export function asParleyError(error: unknown, fallback: Omit<ParleyErrorOptions, "cause">): ParleyError {
  if (error instanceof ParleyError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ParleyError(message, { ...fallback, cause: error });
}
