export { observeCall } from "./call/observe.ts";
export type { Models } from "./call/part.ts";
export * from "./figures.ts";
export type { Span } from "./trace/span.ts";
export { type Tracing, traceCall } from "./trace/spans.ts";
