import { between, type Dice, dice } from "../world/dice.ts";
import type { Machine } from "./machine.ts";
import type { Server } from "./server.ts";

/** What trouble may touch. */
export interface Breakable {
  readonly server: Server;
  after(ms: number, run: () => void): void;
  /** Mostly one that runs the call. */
  likelyOwner(roll: Dice): Machine;
  /** It is gone for good. */
  lost(machine: Machine): void;
}

type Action = (world: Breakable, machine: Machine, roll: Dice) => void;

/** kill -9, between two steps or inside one. */
const kill: Action = (_world, { owner, isUp }, roll) => {
  if (isUp && owner?.status === "running") owner.die(roll() < 0.3 ? 1 : roll());
};
const killTwice: Action = (world, machine, roll) => {
  kill(world, machine, roll);
  world.after(between(roll, 100, 2500), () => kill(world, machine, roll));
};
const stop: Action = (_world, machine, roll) => machine.stopOwner(between(roll, 200, 6000), roll() < 0.6);
const freeze: Action = (_world, machine, roll) => machine.freeze(between(roll, 300, 8000));
const lose: Action = (world, machine, roll) => {
  if (!machine.isUp) return;
  machine.fail();
  if (roll() < 0.7) world.after(between(roll, 300, 9000), () => machine.comeBack());
  else world.lost(machine);
};
const restartWorker: Action = (_world, machine) => {
  if (machine.isUp) machine.restart();
};
const cut: Action = (_world, machine, roll) => machine.cut(roll() < 0.4 ? 0 : between(roll, 100, 5000));
/** Cut off from the server while its call dies: it goes on without being allowed to. */
const killCutOff: Action = (world, machine, roll) => {
  machine.cut(between(roll, 1000, 6000));
  world.after(between(roll, 0, 1500), () => kill(world, machine, roll));
};
const restartServer: Action = (world, _machine, roll) => world.server.restart(between(roll, 50, 3000));
const failStore: Action = (world, _machine, roll) => world.server.failStore(between(roll, 50, 3000));
const wait: Action = () => {};

const often: readonly (readonly [number, Action])[] = [
  [3, wait],
  [6, kill],
  [3, killTwice],
  [5, stop],
  [2, freeze],
  [3, lose],
  [1, restartWorker],
  [4, cut],
  [3, killCutOff],
  [2, restartServer],
  [2, failStore],
];
const table: readonly Action[] = often.flatMap(([times, action]) => new Array<Action>(times).fill(action));

export interface PlannedTrouble {
  /** After the action before, ms. */
  delayMs: number;
  run(world: Breakable): void;
}

export function plannedTrouble(action: number): PlannedTrouble {
  const roll = dice(action, 300);
  const delayMs = roll() < 0.4 ? between(roll, 0, 300) : between(roll, 300, 2000);
  const chosen = table[action % table.length] as Action;
  return { delayMs, run: (world) => chosen(world, world.likelyOwner(roll), roll) };
}
