import type { Check } from "./check.ts";

/** What local speech needs; agents with keys for other providers work without it. */
export function speechChecks(): Check[] {
  return [
    {
      name: "local speech",
      needed: "optional",
      async look() {
        const { installLocalSpeech, localSpeechStatus } = await import("@parley/local");
        const parts = await localSpeechStatus();
        const missing = parts.filter((part) => !part.ok);
        if (missing.length === 0) return { ok: true, says: parts.map(({ part }) => part).join(", ") };
        return {
          ok: false,
          says: missing.map(({ part, detail }) => `${part}: ${detail}`).join("; "),
          how: missing.map(({ fix }) => fix ?? "").join("\n"),
          fix: () => installLocalSpeech(),
        };
      },
    },
  ];
}
