-- Whose calls are whose, and who may ask for what.

create table tenants (
  tenant_id text primary key,
  name text not null,
  -- What the schema of the server's /api/tenants allows; unknown fields are ignored.
  settings jsonb not null default '{}',
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);

create index calls_of_tenant_newest_first on calls (tenant_id, started_at desc, call_id desc);

-- Keys of backends. Only hashes are kept; after a rotation the old one is good until previous_until.
create table api_keys (
  key_id text primary key,
  -- Null: every tenant.
  tenant_id text references tenants on delete cascade,
  name text not null,
  scopes text[] not null,
  key_sha256 bytea not null unique,
  previous_sha256 bytea unique,
  previous_until timestamptz(3),
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3)
);

-- Pages and apps that people call from: their key is no secret, so it may only ask for tokens.
create table apps (
  app_id text primary key,
  tenant_id text references tenants on delete cascade,
  name text not null,
  publishable_key text not null unique,
  allowed_origins text[] not null,
  -- Empty: every agent.
  agents text[] not null,
  tokens_per_minute integer not null,
  created_at timestamptz(3) not null default now(),
  revoked_at timestamptz(3)
);

-- Good once, for a browser that opens a live feed and can send no header.
create table tickets (
  ticket_sha256 bytea primary key,
  call_id text not null,
  tenant_id text,
  may_control boolean not null,
  expires_at timestamptz(3) not null
);

-- What was answered to a write, so that the same one sent again is answered the same and not done again.
create table idempotency_keys (
  -- Whose key it is: two that chose the same one do not meet.
  owner text not null,
  idempotency_key text not null,
  request_sha256 bytea not null,
  -- Null while the first one runs.
  status integer,
  body text,
  created_at timestamptz(3) not null default now(),
  primary key (owner, idempotency_key)
);

create index idempotency_keys_oldest_first on idempotency_keys (created_at);

create table audit_log (
  audit_id bigint generated always as identity primary key,
  at timestamptz(3) not null default now(),
  tenant_id text,
  -- root, local, key:<id>, app:<id>
  actor text not null,
  -- Method and route, as POST /api/keys.
  action text not null,
  target text,
  status integer not null,
  request_id text not null,
  address text
);

create index audit_log_newest_first on audit_log (tenant_id, audit_id desc);
