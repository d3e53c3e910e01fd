/** The part of a pino logger that the store uses. */
export interface StoreLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: StoreLog = { debug() {}, info() {}, warn() {}, error() {} };
