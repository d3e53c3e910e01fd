-- Agents made through the API. What one is, is in its versions, which never change; a call keeps the one it began with.

create table agents (
  -- agent_<unguessable>; no agent of code has such a name.
  agent_id text primary key,
  -- Null: nobody's in particular.
  tenant_id text references tenants on delete cascade,
  name text not null,
  -- The one that new calls get.
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  -- No new calls; those that run, or are recovered, still find their version.
  removed_at timestamptz(3)
);

create index agents_of_tenant_newest_first on agents (tenant_id, created_at desc, agent_id desc);

create table agent_versions (
  agent_id text not null references agents on delete cascade,
  version integer not null,
  -- What the schema of packages/agent allows; secrets in it are sealed.
  definition jsonb not null,
  -- The version that this one brought back.
  restored_from integer,
  created_at timestamptz(3) not null default now(),
  primary key (agent_id, version)
);
