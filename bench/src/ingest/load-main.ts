/** Program: synthetic workers; their options come as JSON, and the result goes back the same way. */
import { type LoadOptions, load } from "./load.ts";

process.once("message", async (options: LoadOptions) => {
  const result = await load(options);
  process.send?.(result, () => process.exit(0));
});
