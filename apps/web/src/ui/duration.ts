/** 65,000 ms as a clock shows it: 1:05. */
export function clockTime(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** 65,000 ms in words: 1 minute 5 seconds. */
export function spokenTime(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1_000));
  const count = (value: number, unit: string) => (value === 0 ? [] : [`${value} ${unit}${value === 1 ? "" : "s"}`]);
  const parts = [...count(Math.floor(seconds / 60), "minute"), ...count(seconds % 60, "second")];
  return parts.join(" ") || "no time at all";
}
