import type { Command, ExitCode, Given } from "../command.ts";
import { examine, healthy, report } from "../doctor/check.ts";
import type { Out } from "../run.ts";

/** `parley doctor`: says what is missing on this machine and how to get it. */
export function doctorCommand(out: Out): Command {
  return {
    name: "doctor",
    says: "Say what is missing on this machine, and how to get it",
    takes: "",
    positionals: { least: 0, most: 0 },
    flags: { fix: { type: "boolean", says: "Get what can be got: livekit-server, local speech" } },
    details: "Exit code 0 when everything that is needed is there, else 1.",
    run: (given) => diagnose(given, out),
  };
}

async function diagnose(given: Given, out: Out): Promise<ExitCode> {
  const { allChecks } = await import("../doctor/all-checks.ts");
  const checks = await allChecks(process.env);
  let found = await examine(checks);
  if (given.has("fix")) {
    for (const { check, finding } of found) {
      if (finding.ok || !finding.fix) continue;
      out.complain(`Getting ${check.name} ...`);
      await finding.fix().catch((error: Error) => out.complain(error.message));
    }
    found = await examine(checks);
  }
  for (const line of report(found)) out.print(line);
  return healthy(found) ? 0 : 1;
}
