export type UplinkErrorCategory = "configuration" | "unauthorised" | "protocol" | "internal";

/** Every error that leaves the uplink. Shaped like ParleyError, which lives in a room the uplink may not import. */
export class UplinkError extends Error {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly category: UplinkErrorCategory;
  readonly retryable: boolean;

  constructor(
    message: string,
    options: { code: string; category: UplinkErrorCategory; retryable?: boolean; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "UplinkError";
    this.code = options.code;
    this.category = options.category;
    this.retryable = options.retryable ?? false;
  }
}
