import type { AgentInfo } from "../page-config.ts";

/** Which agent picks up; only where there is a choice. */
export function AgentChoice(props: { agents: AgentInfo[]; chosen: AgentInfo; choose: (agent: AgentInfo) => void }) {
  if (props.agents.length < 2) return null;
  return (
    <fieldset className="mb-5">
      <legend className="mb-2 text-muted">Who picks up</legend>
      <div className="flex flex-wrap gap-2">
        {props.agents.map((agent) => (
          <label
            key={agent.name}
            className="rounded-full border border-rule bg-surface px-4 py-2 font-medium hover:border-muted has-checked:border-agent has-checked:bg-agent has-checked:text-on-agent has-focus-visible:outline-2 has-focus-visible:outline-agent has-focus-visible:outline-offset-3"
          >
            <input
              type="radio"
              name="agent"
              value={agent.name}
              checked={agent.name === props.chosen.name}
              onChange={() => props.choose(agent)}
              className="sr-only"
            />
            {agent.title}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
