/** The program of CallerProcess: joins, says `joined`, talks in circles, and leaves on SIGTERM. */
import { readFileSync } from "node:fs";
import { decodeWav } from "@parley/audio";
import { SimulatedCaller } from "./simulated-caller.ts";

interface Task {
  url: string;
  token: string;
  wavPath?: string;
}

const task = JSON.parse(process.env.PARLEY_CALLER ?? "{}") as Task;
const leaving = new Promise<void>((leave) => process.once("SIGTERM", leave));
try {
  const caller = await SimulatedCaller.join({ url: task.url, token: task.token, keepMs: 0 });
  process.stdout.write("joined\n");
  let staying = true;
  if (task.wavPath) {
    const { samples, sampleRateHz } = decodeWav(readFileSync(task.wavPath));
    const talk = async () => {
      while (staying && caller.lost === null) await caller.speak(samples, sampleRateHz);
    };
    void talk();
  }
  await leaving;
  staying = false;
  await caller.leave();
  process.exit(0);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
