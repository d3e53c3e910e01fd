/** Two voices, either side of a line: the agent's half above, yours below. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={className}>
      <path d="M2 15a10 10 0 0 1 20 0z" className="fill-agent" />
      <path d="M10 17a10 10 0 0 0 20 0z" className="fill-you" />
    </svg>
  );
}
