/** Small things this browser remembers. Storage may be forbidden; then it just forgets. */
export const remembered = {
  get(key: "name" | "microphone" | "theme"): string | null {
    try {
      return localStorage.getItem(`parley.${key}`);
    } catch {
      return null;
    }
  },
  set(key: "name" | "microphone" | "theme", value: string | null): void {
    try {
      if (value) localStorage.setItem(`parley.${key}`, value);
      else localStorage.removeItem(`parley.${key}`);
    } catch {
      // Forbidden or full: the page works without.
    }
  },
};
