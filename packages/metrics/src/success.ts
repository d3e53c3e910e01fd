const CALLS = 100;

/** Remembers how the last calls ended. */
export function successRate(): { ended(isSuccess: boolean): void; readonly rate: number | null } {
  const last: boolean[] = [];
  return {
    ended(isSuccess) {
      last.push(isSuccess);
      if (last.length > CALLS) last.shift();
    },
    /** 0 to 1; null before the first. */
    get rate() {
      return last.length === 0 ? null : last.filter(Boolean).length / last.length;
    },
  };
}
