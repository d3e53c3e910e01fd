export { callStarted } from "./call-started.ts";
