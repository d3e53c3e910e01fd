export { asParleyError, type ErrorCategory, ParleyError, type ParleyErrorOptions } from "./error.ts";
export * from "./ports/index.ts";
