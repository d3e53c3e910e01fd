import { registerHooks } from "node:module";

/** What an agent file may import although nothing is installed beside it. */
const OURS = /^(@parley\/|zod(\/|$))/;

let registered = false;

/**
 * Lets an agent file lie anywhere: what it imports of Parley (and zod, for its tools' parameters) is taken from beside
 * it when it is installed there, else from this installation. Idempotent.
 */
export function allowAgentAnywhere(): void {
  if (registered) return;
  registered = true;
  const ours = import.meta.resolve("@parley/agent");
  registerHooks({
    resolve(specifier, context, next) {
      if (!OURS.test(specifier)) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
        return next(specifier, { ...context, parentURL: ours });
      }
    },
  });
}
