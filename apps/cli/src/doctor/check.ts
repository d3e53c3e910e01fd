/** One thing that Parley needs, or would like to have. */
export interface Check {
  name: string;
  /** `optional`: something works without it, and `says` tells what does not. */
  needed: "needed" | "optional";
  look(): Promise<Finding>;
}

export type Finding =
  | { ok: true; says: string }
  /** `how`: what to do about it. `fix`: does it. */
  | { ok: false; says: string; how: string; fix?: () => Promise<void> };

export interface Diagnosis {
  check: Check;
  finding: Finding;
}

/** Every look is bounded: a doctor that hangs helps nobody. */
const LOOK_MS = 20_000;

/** Looks at everything at once; a look that throws is a finding too. */
export function examine(checks: readonly Check[]): Promise<Diagnosis[]> {
  return Promise.all(
    checks.map(async (check) => {
      try {
        return { check, finding: await within(check.look()) };
      } catch (error) {
        const says = error instanceof Error ? error.message : String(error);
        return { check, finding: { ok: false, says, how: "this should not happen; please report it" } as const };
      }
    }),
  );
}

export function healthy(diagnoses: readonly Diagnosis[]): boolean {
  return diagnoses.every(({ check, finding }) => finding.ok || check.needed === "optional");
}

/** What is printed: one line a check, and below what is missing how to get it. */
export function report(diagnoses: readonly Diagnosis[]): string[] {
  const width = Math.max(...diagnoses.map(({ check }) => check.name.length));
  return diagnoses.flatMap(({ check, finding }) => {
    const mark = finding.ok ? "ok     " : check.needed === "needed" ? "MISSING" : "not set";
    const line = `${mark}  ${check.name.padEnd(width)}  ${finding.says}`;
    return finding.ok ? [line] : [line, ...finding.how.split("\n").map((how) => `${" ".repeat(9)}-> ${how}`)];
  });
}

async function within(look: Promise<Finding>): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<Finding>();
  const timer = setTimeout(
    () =>
      resolve({
        ok: false,
        says: `no answer within ${LOOK_MS / 1000} s`,
        how: "try again when the machine is less busy",
      }),
    LOOK_MS,
  );
  try {
    return await Promise.race([look, promise]);
  } finally {
    clearTimeout(timer);
  }
}
