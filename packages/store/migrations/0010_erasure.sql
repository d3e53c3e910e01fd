-- Calls that are gone for good, and the proof of it.

-- What was erased stays erased: facts of such a call that come late are confirmed and thrown away.
create table tombstones (
  call_id text primary key,
  tenant_id text,
  erasure_id text not null,
  erased_at timestamptz(3) not null default now()
);

create index tombstones_of_erasure on tombstones (erasure_id);

create table erasures (
  erasure_id text primary key,
  tenant_id text,
  reason text not null check (reason in ('call', 'caller', 'retention')),
  -- Whom or what it is about; gone when it is finished. Its hash stays, so that whoever asked can show that it was done.
  subject text,
  subject_sha256 bytea not null,
  calls integer not null default 0,
  requested_at timestamptz(3) not null default now(),
  -- Null: a call of theirs still runs, and is erased when it has ended.
  finished_at timestamptz(3)
);

create index erasures_newest_first on erasures (requested_at desc, erasure_id desc);
create index erasures_unfinished on erasures (requested_at) where finished_at is null;

-- Whose a call is: who came into its room, and whom the application named.
create index facts_joined on facts ((body ->> 'participantId')) where type = 'participant-joined';
create index facts_users on facts ((body -> 'metadata' ->> 'userId')) where type = 'call-started';
create index calls_from on calls (from_address) where from_address is not null;
create index calls_to on calls (to_address) where to_address is not null;
create index calls_ended on calls (ended_at) where status = 'ended';
