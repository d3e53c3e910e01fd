-- Keys of what is kept of people, and what was erased: in a schema of its own, so that backups which are kept for long can
-- leave it out. Where it is lost this file makes it again, empty, besides what else it did before.

create schema parley_keys;

create table parley_keys.data_keys (
  key_id text primary key,
  tenant_id text,
  -- HMAC of the person's name under the key `names`; null: of a call of nobody known.
  person_hmac bytea,
  -- 32 bytes; or those, sealed with the PARLEY_SECRET_KEY that sealed_with names.
  key bytea not null,
  sealed_with text,
  created_at timestamptz(3) not null default now()
);

create unique index data_keys_of_person on parley_keys.data_keys (tenant_id, person_hmac) nulls not distinct
  where person_hmac is not null;

-- A call's key is made of its person's and of this: it is gone with either.
create table parley_keys.call_keys (
  call_id text primary key,
  key_id text not null references parley_keys.data_keys,
  salt bytea not null,
  created_at timestamptz(3) not null default now()
);

create index call_keys_of_key on parley_keys.call_keys (key_id);

-- Persons' keys that are gone for good.
create table parley_keys.destroyed_keys (
  key_id text primary key,
  destroyed_at timestamptz(3) not null default now()
);

-- Who is in which call: the numbers, whom the application named, and who joined.
create table parley_keys.call_people (
  call_id text not null,
  person_hmac bytea not null,
  role text not null check (role in ('from', 'to', 'user', 'joined')),
  primary key (person_hmac, call_id, role)
);

create index call_people_of_call on parley_keys.call_people (call_id);

-- What was erased must be known when a backup from before comes back.
alter table if exists tombstones set schema parley_keys;
alter table if exists erasures set schema parley_keys;

create table if not exists parley_keys.tombstones (
  call_id text primary key,
  tenant_id text,
  erasure_id text not null,
  erased_at timestamptz(3) not null default now()
);

create index if not exists tombstones_of_erasure on parley_keys.tombstones (erasure_id);

create table if not exists parley_keys.erasures (
  erasure_id text primary key,
  tenant_id text,
  reason text not null check (reason in ('call', 'caller', 'retention')),
  subject text,
  subject_sha256 bytea not null,
  calls integer not null default 0,
  requested_at timestamptz(3) not null default now(),
  finished_at timestamptz(3)
);

create index if not exists erasures_newest_first on parley_keys.erasures (requested_at desc, erasure_id desc);
create index if not exists erasures_unfinished on parley_keys.erasures (requested_at) where finished_at is null;

-- Keys that it destroyed, and when the last of them.
alter table parley_keys.erasures add keys integer not null default 0, add keys_destroyed_at timestamptz(3);

-- Of a person whose context is sealed user_id is their HMAC, and key_id says with which key.
alter table user_contexts add if not exists key_id text;

create index if not exists connections_of_call on connections (call_id);
