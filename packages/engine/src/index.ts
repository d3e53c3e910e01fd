export { asParleyError, type ErrorCategory, ParleyError, type ParleyErrorOptions } from "./error.ts";
export * from "./llm/index.ts";
export * from "./ports/index.ts";
export * from "./remote/index.ts";
