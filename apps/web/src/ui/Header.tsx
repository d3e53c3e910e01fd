import { Icon } from "./Icon.tsx";
import { Mark } from "./Mark.tsx";
import { toggleTheme, useTheme } from "./theme.ts";

export function Header() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header className="flex items-center justify-between py-4 sm:py-5">
      <p className="flex items-center gap-2.5 font-bold text-xl tracking-tight">
        <Mark className="size-7" />
        Parley
      </p>
      <button
        type="button"
        onClick={toggleTheme}
        aria-label={`Use ${other} colours`}
        title={`Use ${other} colours`}
        data-testid="theme-toggle"
        className="-mr-2 grid size-11 place-items-center rounded-full text-muted hover:text-ink"
      >
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </button>
    </header>
  );
}
