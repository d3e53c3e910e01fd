import { describe, expect, it } from "vitest";
import { type Check, examine, type Finding, healthy, report } from "./check.ts";

const check = (name: string, needed: Check["needed"], look: () => Promise<Finding>): Check => ({ name, needed, look });
const fine = async (): Promise<Finding> => ({ ok: true, says: "24.1" });
const gone = async (): Promise<Finding> => ({ ok: false, says: "not found", how: "get it\nfrom there" });

describe("the doctor", () => {
  it("says what is missing and how to get it", async () => {
    const found = await examine([check("node", "needed", fine), check("chromium", "needed", gone)]);
    expect(report(found)).toEqual([
      "ok       node      24.1",
      "MISSING  chromium  not found",
      "         -> get it",
      "         -> from there",
    ]);
    expect(healthy(found)).toBe(false);
  });

  it("does not insist on what is optional", async () => {
    const found = await examine([check("node", "needed", fine), check("chromium", "optional", gone)]);
    expect(healthy(found)).toBe(true);
    expect(report(found)[1]).toContain("not set");
  });

  it("takes a look that throws for a finding", async () => {
    const found = await examine([
      check("broken", "needed", async () => {
        throw new Error("no such tool");
      }),
    ]);
    expect(healthy(found)).toBe(false);
    expect(report(found)[0]).toContain("no such tool");
  });
});
