export { type EnergyVadOptions, energyVad } from "./energy.ts";
