import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";
import type { SettingsInput } from "../settings.ts";

const away = (settings: SettingsInput["away"]) => Drive.call({ away: { afterMs: 5000, ...settings } });

describe("a person who says nothing", () => {
  const table: [what: string, settings: SettingsInput["away"], decided: string[]][] = [
    ["is away, once", {}, ["user-away"]],
    ["is asked", { prompt: "Are you there?" }, ["user-away", "reply-requested away", "reply-released"]],
    ["is never away when that is switched off", { afterMs: 0 }, []],
  ];
  it.each(table)("%s", (_what, settings, decided) => {
    const call = away(settings);
    expect(call.after(4999)).toEqual([]);
    expect(call.after(6000)).toEqual(decided);
  });

  it("is asked again and hung up on in the end", () => {
    const call = away({ prompt: "Are you there?", hangUpAfter: 2 });
    const asked = (replyId: string) => {
      const decided = call.after(5000);
      call.make(replyId, [["Are you there?", 100]]);
      call.play(replyId, 100);
      call.drain(replyId, 100);
      return decided[0];
    };
    expect([asked("r1"), asked("r2")]).toEqual(["user-away", "user-away"]);
    expect(call.after(5000)).toContain("call-closing user-away");
    expect(call.state.closing.phase).toBe("closed");
  });

  it("is back as soon as he speaks or types, and counts from then on", () => {
    const spoken = away({ prompt: "Are you there?", hangUpAfter: 1 });
    spoken.after(5000);
    expect(spoken.begin()).toContain("user-back");
    const typed = away({});
    typed.after(5000);
    expect(typed.typed("Hello?")).toContain("user-back");
    expect(typed.state.away).toMatchObject({ away: false, times: 0 });
  });

  it("is back when he presses a key", () => {
    const call = away({});
    call.after(5000);
    expect(call.feed({ type: "dtmf-received", participantId: "p", digit: "1" })).toEqual(["user-back"]);
    expect(call.after(4999)).toEqual([]);
    expect(call.after(1)).toEqual(["user-away"]);
  });

  it("is not away while he speaks, while he is being answered, or when he is not there", () => {
    const speaks = away({});
    speaks.begin();
    expect(speaks.after(20_000)).toEqual([]);
    const waits = away({});
    waits.typed("Hello?");
    expect(waits.after(10_000)).toEqual([]);
    const gone = away({});
    gone.leave();
    expect(gone.after(10_000)).toEqual([]);
  });
});
