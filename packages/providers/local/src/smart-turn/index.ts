export { type SmartTurnOptions, smartTurn } from "./detector.ts";
