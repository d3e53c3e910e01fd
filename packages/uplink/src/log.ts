/** The part of a pino logger that the uplink uses. */
export interface UplinkLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: UplinkLog = { debug() {}, info() {}, warn() {}, error() {} };
