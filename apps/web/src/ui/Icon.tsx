const paths = {
  microphone: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  muted:
    "M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.8-1M5.5 11a6.5 6.5 0 0 0 10.2 5.3M18.5 11a6.5 6.5 0 0 1-.8 3.1M12 17.5V21M4 3.5l16 17",
  leave:
    "M3.5 14.5c-.6-4.700 3.900-6.500 8.500-6.500s9.100 1.800 8.500 6.500c-.1.900-.9 1.300-1.700 1.100l-2.600-.6c-.7-.2-1.200-.8-1.200-1.500v-1.300c-2-.6-4-.6-6 0v1.300c0 .7-.5 1.300-1.200 1.500l-2.600.6c-.8.2-1.600-.2-1.700-1.100z",
  send: "M5 12h13M12.500 6l6 6-6 6",
  sound: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a7.500 7.500 0 0 1 0 11",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  again: "M19.500 12a7.500 7.500 0 1 1-2.400-5.500M19.500 3.500v4.300h-4.300",
  type: "M3.500 7h17v10h-17zM7 10.500h.01M10.300 10.500h.01M13.700 10.500h.01M17 10.500h.01M8 14h8",
  copy: "M9 9h10.500v10.500H9zM15 9V4.500H4.500V15H9",
  save: "M12 4v11M7.500 10.500L12 15l4.500-4.500M5 19.500h14",
  chevron: "M7 10l5 5 5-5",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, className = "size-5" }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      className={`flex-none ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  );
}
