/** Where this package says what happens. Fields first, then the message, so that a pino logger fits as it is. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = () => {};

/** For callers that do not want to hear. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The message of anything thrown, for a log field. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
