/** What people may be permitted to do with a call: `parley.say`, … ; see docs/control.md. */
export const controlMethods = ["say", "interrupt", "mute", "setLanguage"] as const;
export type ControlMethod = (typeof controlMethods)[number];

/** The attribute in which a token carries what its bearer may do: names of methods, with a space between. */
export const CONTROL_ATTRIBUTE = "parley.control";

export function formatControl(methods: readonly ControlMethod[]): string {
  return [...new Set(methods)].join(" ");
}

/** What is no method is ignored. Never throws. */
export function parseControl(text: string | undefined): ReadonlySet<ControlMethod> {
  const named = new Set((text ?? "").split(" "));
  return new Set(controlMethods.filter((method) => named.has(method)));
}
