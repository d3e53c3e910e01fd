-- Views that follow the log: what each has read of which call, and usage, the first of them.

-- A call began, ended, changed its owner, or went on after its end: the moments after which a follower must look at it.
-- What a live call adds in between is found by the call's row. A row is seen by followers when no transaction older than
-- its own runs any more: so none is passed over that commits late.
create table call_feed (
  feed_id bigint generated always as identity primary key,
  written_in xid8 not null default pg_current_xact_id(),
  call_id text not null
);

create index call_feed_in_order on call_feed (written_in);

create function note_call() returns trigger language plpgsql as $$
begin
  insert into call_feed (call_id) values (new.call_id);
  return null;
end $$;

create trigger calls_begun after insert on calls for each row execute function note_call();
-- Nearly every batch of facts leaves these columns as they are, and costs nothing here.
create trigger calls_turned after update on calls for each row
  when (
    old.status is distinct from new.status
    or old.epoch is distinct from new.epoch
    or (new.status = 'ended' and old.last_seq is distinct from new.last_seq)
  )
  execute function note_call();

create table projections (
  name text primary key,
  -- Everything of the feed that was written by transactions before this one is known to it.
  next_xact xid8 not null,
  moved_at timestamptz(3) not null default now()
);

-- The calls that a projection has still to read: live ones, and those whose logs it has not read to the end.
create table projection_calls (
  projection text not null references projections on delete cascade,
  call_id text not null,
  -- Of the owner whose facts were read last; 0: nothing was.
  epoch integer not null default 0,
  seq integer not null default 0,
  -- It could not be projected: not before then.
  retry_at timestamptz(3),
  primary key (projection, call_id)
);

-- What a call used, as far as its log was read.
create table call_usage (
  call_id text primary key,
  tenant_id text,
  -- On which it began (UTC).
  day date not null,
  agent text,
  call_ms double precision not null,
  input_tokens double precision not null,
  output_tokens double precision not null,
  characters double precision not null,
  transcribed_ms double precision not null,
  spoken_ms double precision not null
);

-- The sums of it, moved in the same statement.
create table usage_days (
  tenant_id text,
  day date not null,
  agent text,
  calls double precision not null,
  call_ms double precision not null,
  input_tokens double precision not null,
  output_tokens double precision not null,
  characters double precision not null,
  transcribed_ms double precision not null,
  spoken_ms double precision not null,
  unique nulls not distinct (tenant_id, day, agent)
);

-- A call that was granted and has not begun counts as one, for a while.
create table call_places (
  call_id text primary key,
  tenant_id text not null references tenants on delete cascade,
  until timestamptz(3) not null
);

create index call_places_of_tenant on call_places (tenant_id, until);
create index calls_live_of_tenant on calls (tenant_id) where status = 'live';
