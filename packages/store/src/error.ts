/** What kind of thing went wrong; the same words as in the rest of Parley. */
export type StoreErrorCategory = "configuration" | "unauthorised" | "refused" | "timeout" | "network" | "internal";

/** Every error that leaves the store. Shaped like ParleyError, which lives in a room the store may not import. */
export class StoreError extends Error {
  /** Stable, kebab-case, e.g. `store-unreachable`. */
  readonly code: string;
  readonly category: StoreErrorCategory;
  readonly retryable: boolean;

  constructor(
    message: string,
    options: { code: string; category: StoreErrorCategory; retryable?: boolean; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StoreError";
    this.code = options.code;
    this.category = options.category;
    this.retryable = options.retryable ?? false;
  }
}
