import { describe, expect, it, test } from "vitest";
import { decodeRecording, joinSegments, RecordingFormatError, readSegment } from "./index.ts";
import { recordBeeps, stretchesOf } from "./test/beeps.ts";

const near = (ms: number) => expect.closeTo(ms, -1.2);
const tone = (fromMs: number, toMs: number, hz: number) => ({
  fromMs: near(fromMs),
  toMs: near(toMs),
  hz: expect.closeTo(hz, -1.8),
});

const question = { side: "callers", fromMs: 1500, toMs: 2500, hz: 500 } as const;
const answer = { side: "agent", fromMs: 3000, toMs: 4000, hz: 800 } as const;

describe("a recording's file", () => {
  const file = recordBeeps(3, 1000, 5000, [question, answer]);

  it("says which call it is of, and from when", () => {
    expect(readSegment(file)).toMatchObject({
      callId: "call-1",
      epoch: 3,
      startMs: 1000,
      complete: true,
      bytes: file.length,
    });
  });

  it("holds each side at its place, and the other not", () => {
    const { startMs, callers, agent } = decodeRecording(file);
    expect(startMs).toBe(1000);
    expect(stretchesOf(callers)).toEqual([tone(500, 1500, 500)]);
    expect(stretchesOf(agent)).toEqual([tone(2000, 3000, 800)]);
  });

  it("is small, and half a second of it is nowhere missing when it is cut off anywhere", () => {
    expect(file.length).toBeLessThan(4000 * 4.5);
    for (let cut = 200; cut < file.length; cut += 97) {
      const segment = readSegment(file.subarray(0, cut));
      expect(segment.complete).toBe(false);
      expect(segment.bytes).toBeLessThanOrEqual(cut);
      expect(segment.seekTable.length).toBe(Math.floor(segment.packets.length / 25));
    }
  });

  it("can be played from any page", () => {
    const { seekTable, packets } = readSegment(file);
    expect(seekTable.length).toBe(Math.ceil(packets.length / 25));
    expect(seekTable[2]!.positionMs).toBe(993.5);
    expect(file.toString("latin1", seekTable[2]!.offset, seekTable[2]!.offset + 4)).toBe("OggS");
  });

  it("is read up to where it is broken", () => {
    const broken = Buffer.from(file);
    const { seekTable } = readSegment(file);
    broken[seekTable[3]!.offset + 90]! ^= 1;
    expect(readSegment(broken)).toMatchObject({ bytes: seekTable[3]!.offset, complete: false });
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("OggS but not really, and long enough for a page's head")],
    ["a head alone", file.subarray(0, 47)],
    ["somebody else's", Buffer.concat([file.subarray(0, 40), Buffer.from([9]), file.subarray(41)])],
  ])("%s is no recording", (_, bytes) => {
    expect(() => readSegment(bytes)).toThrow(RecordingFormatError);
  });
});

describe("segments of several processes", () => {
  const killed = recordBeeps(1, 1000, 3000, [question]);
  const taken = recordBeeps(2, 4000, 6000, [{ side: "agent", fromMs: 4500, toMs: 5500, hz: 800 }]);

  it("are one file on one timeline, silent between them", () => {
    const joined = joinSegments([taken, killed.subarray(0, killed.length - 40)]);
    expect(joined).toMatchObject({ callId: "call-1", startMs: 1000, durationMs: 5013.5 });
    // What follows the last whole page of the first is lost with it.
    expect(joined.gaps).toEqual([{ fromMs: 1500, toMs: 3000 }]);
    const { callers, agent } = decodeRecording(joined.bytes);
    expect(stretchesOf(callers)).toEqual([tone(500, 1500, 500)]);
    expect(stretchesOf(agent)).toEqual([tone(3500, 4500, 800)]);
    expect(readSegment(joined.bytes)).toMatchObject({ complete: true, startMs: 1000, bytes: joined.bytes.length });
  });

  it("are the later one's where they overlap", () => {
    const zombie = recordBeeps(1, 1000, 9000, [question, { side: "callers", fromMs: 4200, toMs: 8000, hz: 300 }]);
    const joined = joinSegments([zombie, taken]);
    expect(stretchesOf(decodeRecording(joined.bytes).callers)).toEqual([tone(500, 1500, 500)]);
    expect(joined.durationMs).toBe(5013.5);
  });

  it("may hold nothing yet, but one must hold something", () => {
    const begun = killed.subarray(0, 250);
    expect(joinSegments([begun, taken]).startMs).toBe(4000);
    expect(() => joinSegments([begun])).toThrow("no sound");
    expect(() => joinSegments([])).toThrow("no sound");
  });

  it("are of one call, and of one day", () => {
    expect(() => joinSegments([killed, recordBeeps(2, 4000, 5000, [], "call-2")])).toThrow("different calls");
    expect(() => joinSegments([killed, recordBeeps(2, 24 * 3_600_000, 24 * 3_600_000 + 2000, [])])).toThrow("a day");
  });
});
