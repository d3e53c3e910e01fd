import { useSyncExternalStore } from "react";
import { remembered } from "../remembered.ts";

export type Theme = "light" | "dark";

const darkQuery = "(prefers-color-scheme: dark)";
const calmQuery = "(prefers-reduced-motion: reduce)";
const watchers = new Set<() => void>();

function rememberedTheme(): Theme | null {
  const theme = remembered.get("theme");
  return theme === "light" || theme === "dark" ? theme : null;
}

/** Before the first paint: the person's own choice, if there is one, over the system's. */
export function applyRememberedTheme(): void {
  const theme = rememberedTheme();
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

const systemTheme = (): Theme => (matchMedia(darkQuery).matches ? "dark" : "light");
const shownTheme = (): Theme => rememberedTheme() ?? systemTheme();

function watchMedia(query: string, changed: () => void): () => void {
  const media = matchMedia(query);
  media.addEventListener("change", changed);
  return () => media.removeEventListener("change", changed);
}

function watchTheme(changed: () => void): () => void {
  watchers.add(changed);
  const unwatch = watchMedia(darkQuery, changed);
  return () => {
    watchers.delete(changed);
    unwatch();
  };
}

const watchCalm = (changed: () => void) => watchMedia(calmQuery, changed);

/** Whether the system asks for less motion. */
export function useCalm(): boolean {
  return useSyncExternalStore(watchCalm, () => matchMedia(calmQuery).matches);
}

/** The theme that shows. */
export function useTheme(): Theme {
  return useSyncExternalStore(watchTheme, shownTheme);
}

/** Choosing what the system has anyway goes back to following the system. */
export function toggleTheme(): void {
  const next: Theme = shownTheme() === "dark" ? "light" : "dark";
  remembered.set("theme", next === systemTheme() ? null : next);
  applyRememberedTheme();
  for (const changed of [...watchers]) changed();
}
