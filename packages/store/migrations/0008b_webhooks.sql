-- What others want to be told of, and the outbox of it.

create table webhooks (
  webhook_id text primary key,
  -- Null: every tenant's events.
  tenant_id text references tenants on delete cascade,
  url text not null,
  events text[] not null,
  description text not null,
  -- Sealed; after a rotation the old one signs too until previous_until.
  secret text not null,
  previous_secret text,
  previous_until timestamptz(3),
  -- Since when nothing has been taken by it; null: the last one was.
  failing_since timestamptz(3),
  disabled_at timestamptz(3),
  disabled_reason text,
  created_at timestamptz(3) not null default now()
);

create index webhooks_newest_first on webhooks (tenant_id, created_at desc, webhook_id desc);

-- One row per thing that happened and that somebody wanted to be told of; its id is made from what happened.
create table webhook_events (
  event_id text primary key,
  tenant_id text,
  type text not null,
  call_id text,
  -- As it is sent.
  body text not null,
  created_at timestamptz(3) not null default now()
);

create index webhook_events_of_call on webhook_events (call_id);
create index webhook_events_oldest_first on webhook_events (created_at);

create table webhook_deliveries (
  delivery_id text primary key,
  webhook_id text not null references webhooks on delete cascade,
  event_id text not null references webhook_events on delete cascade,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  attempts integer not null default 0,
  -- When it is tried next; while it is tried, when whoever tries counts as dead.
  next_at timestamptz(3) not null default now(),
  response_status integer,
  error text,
  created_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  unique (webhook_id, event_id)
);

create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where status = 'pending';
create index webhook_deliveries_newest_first on webhook_deliveries (webhook_id, created_at desc, delivery_id desc);
create index webhook_deliveries_of_event on webhook_deliveries (event_id);
