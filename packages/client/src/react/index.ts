export { type UsedCall, useCall } from "./use-call.ts";
