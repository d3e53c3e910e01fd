import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { RecordingStorage } from "../storage/storage.ts";

/** What every storage of recordings does. `open` gives a fresh, empty one. */
export function storageConformance(what: string, open: () => Promise<RecordingStorage>): void {
  describe(what, () => {
    const sound = randomBytes(200_000);

    test("gives back what was put, whole and by range", async () => {
      const storage = await open();
      await storage.put("2026-11/rec_1.1.ogg", sound);
      expect(await storage.size("2026-11/rec_1.1.ogg")).toBe(sound.length);
      for (const [start, end] of [
        [0, sound.length],
        [0, 1],
        [65_535, 65_537],
        [sound.length - 1, sound.length],
        [5, 5],
      ] as const) {
        const read = await buffer(await storage.read("2026-11/rec_1.1.ogg", { start, end }));
        expect(read.equals(sound.subarray(start, end)), `${start}-${end}`).toBe(true);
      }
    });

    test("holds the newer one when the same name is put again", async () => {
      const storage = await open();
      await storage.put("a.ogg", sound);
      await storage.put("a.ogg", Buffer.from("new"));
      expect(String(await buffer(await storage.read("a.ogg", { start: 0, end: 3 })))).toBe("new");
      expect(await storage.size("a.ogg")).toBe(3);
    });

    test("says what is not there, and deletes it all the same", async () => {
      const storage = await open();
      expect(await storage.size("none.ogg")).toBe(null);
      await expect(storage.read("none.ogg", { start: 0, end: 5 })).rejects.toMatchObject({
        code: "recording-file-missing",
      });
      await storage.delete("none.ogg");
      await storage.put("a.ogg", sound);
      await storage.delete("a.ogg");
      await storage.delete("a.ogg");
      expect(await storage.size("a.ogg")).toBe(null);
    });

    test("ends with an error when there is less than was asked for", async () => {
      const storage = await open();
      await storage.put("a.ogg", sound.subarray(0, 100));
      const read = async () => buffer(await storage.read("a.ogg", { start: 50, end: 200 }));
      await expect(read()).rejects.toMatchObject({ code: "recording-storage-failed" });
    });

    test("takes no name that leads out of it", async () => {
      const storage = await open();
      for (const name of ["../a", "a/../../b", "/etc/passwd", "", "a//b", ".hidden", "a\0b", "a b"]) {
        await expect((async () => storage.put(name, sound))(), JSON.stringify(name)).rejects.toMatchObject({
          code: "recording-name-invalid",
        });
      }
    });
  });
}
