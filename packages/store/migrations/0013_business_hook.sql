-- A tenant's business hook: asked when a call begins, told when it has ended. What it is told goes the webhooks' way.

alter table webhooks
  add column kind text not null default 'webhook' check (kind in ('webhook', 'hook')),
  -- How long a call's beginning waits for it.
  add column start_timeout_ms integer;

create unique index webhooks_one_hook on webhooks (tenant_id) nulls not distinct where kind = 'hook';

-- The last of a call's facts whose news of its caller stand in user_contexts.
create table context_writes (
  call_id text primary key,
  epoch integer not null,
  seq integer not null
);
