import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nextLogFile } from "./call-files.ts";
import { callOf } from "./job.ts";

const offer = (metadata: string, roomMetadata = "") => ({
  metadata,
  room: { name: "lobby", sid: "RM_1", metadata: roomMetadata },
});
const mint = () => "minted";

describe("whose call a job is", () => {
  it("takes the callId from the dispatch, else from the room, else makes one", () => {
    const room = JSON.stringify({ callId: "of-room", tenantId: "t" });
    expect(callOf(offer(JSON.stringify({ callId: "of-dispatch" }), room), mint).callId).toBe("of-dispatch");
    expect(callOf(offer("", room), mint).callId).toBe("of-room");
    expect(callOf(offer("", ""), mint)).toMatchObject({ callId: "minted", foreign: null });
  });

  it("gives the call what the metadata says of it", () => {
    const room = JSON.stringify({ agentId: "a", tenantId: "t", language: "de", from: "+1", to: "+2", plan: "gold" });
    expect(callOf(offer("", room), mint).context).toEqual({
      room: "lobby",
      agentId: "a",
      tenantId: "t",
      language: "de",
      from: "+1",
      to: "+2",
      metadata: { agentId: "a", tenantId: "t", language: "de", from: "+1", to: "+2", plan: "gold" },
    });
  });

  it.each(["../../etc/passwd", "a/b", ".hidden", "", "x".repeat(200), 7, null])(
    "makes no file name of %j",
    (callId) => {
      expect(callOf(offer(JSON.stringify({ callId })), mint).callId).toBe("minted");
    },
  );

  it("reads metadata that is not a JSON object as none", () => {
    for (const text of ["plain words", "[1]", "null", "3"])
      expect(callOf(offer(text), mint).context.metadata).toEqual({});
  });

  it("never opens an epoch twice", () => {
    const dir = mkdtempSync(join(tmpdir(), "parley-epochs-"));
    expect(nextLogFile(dir, "c")).toEqual({ epoch: 1, path: join(dir, "c.1.ndjson") });
    writeFileSync(join(dir, "c.1.ndjson"), "");
    writeFileSync(join(dir, "c.2.ndjson"), "");
    expect(nextLogFile(dir, "c").epoch).toBe(3);
    expect(nextLogFile(dir, "c", 4).epoch).toBe(5);
    rmSync(dir, { recursive: true });
  });
});
