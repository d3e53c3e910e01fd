const examples = [
  "When are you open?",
  "I would like to book a table for two",
  "Where is my order?",
  "Tell me the story of the shop",
];

/** Says plainly what a demonstration agent is, and what it can be asked. */
export function DemoNote() {
  return (
    <aside data-testid="demo-note" className="max-w-md lg:justify-self-end">
      <p className="text-muted">
        This is a demonstration agent. It works from rules, without a language model, so it knows a few things only. Ask
        it:
      </p>
      <ul className="mt-3 flex flex-wrap gap-x-6 gap-y-1 font-medium text-lg lg:block lg:space-y-1">
        {examples.map((example) => (
          <li key={example}>“{example}”</li>
        ))}
      </ul>
    </aside>
  );
}
