-- What a tenant's agents know of a person from one call to the next.

create table user_contexts (
  tenant_id text references tenants on delete cascade,
  -- The tenant's own name of the person: an id, a number.
  user_id text not null,
  context jsonb not null,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  unique nulls not distinct (tenant_id, user_id)
);
