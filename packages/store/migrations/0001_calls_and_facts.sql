-- One row per call, and every fact of it. Only the call's own row changes together with its facts.

create table calls (
  call_id text primary key,
  -- First day of the month (UTC) in which the call began. Fixed by the first batch; names the partition of its facts.
  call_month date not null,
  epoch integer not null,
  -- Highest seq up to which the log is here without a gap.
  last_seq integer not null default 0,
  fact_count integer not null default 0,
  status text not null default 'live' check (status in ('live', 'ended')),
  agent text,
  room text,
  tenant_id text,
  from_address text,
  to_address text,
  language text,
  started_at timestamptz(3) not null,
  ended_at timestamptz(3),
  end_reason text,
  updated_at timestamptz(3) not null default now()
);

create index calls_newest_first on calls (started_at desc, call_id desc);

-- The partition key is part of the unique key, so a fact that comes late (next month) cannot double.
-- seq before epoch: a log is read in the order of seq.
create table facts (
  call_month date not null,
  call_id text not null,
  seq integer not null,
  epoch integer not null,
  type text not null,
  -- Milliseconds since the call began.
  at_ms double precision not null,
  body jsonb not null,
  primary key (call_month, call_id, seq, epoch)
) partition by list (call_month);

-- Keys of workers: they may send logs and hold leases, nothing else. Only hashes are kept.
create table worker_keys (
  name text primary key,
  key_sha256 bytea not null unique,
  created_at timestamptz(3) not null default now(),
  revoked_at timestamptz(3)
);
