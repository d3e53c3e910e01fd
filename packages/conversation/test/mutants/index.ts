import type { Mutant } from "./mutant.ts";
import { otherMutants } from "./others.ts";
import { playbackMutants } from "./playback.ts";
import { replyMutants } from "./replies.ts";
import { turnMutants } from "./turns.ts";

export const mutants: readonly Mutant[] = [...turnMutants, ...replyMutants, ...playbackMutants, ...otherMutants];

export function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (!found)
    throw new Error(`There is no mutant ${name}; there are ${mutants.map((mutant) => mutant.name).join(", ")}`);
  return found;
}
