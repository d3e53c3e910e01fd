-- What calls sounded like: where each recording lies, what has come of it so far, and what is to be deleted.

create table recordings (
  recording_id text primary key,
  call_id text not null,
  tenant_id text,
  -- The agent, of which there is one a call; or LiveKit's Egress.
  made_by text not null check (made_by in ('agent', 'egress')),
  status text not null default 'receiving' check (status in ('receiving', 'ready', 'failed', 'deleted')),
  -- Why it failed.
  error text,
  egress_id text unique,
  -- Of its first sample, in ms since the call began; null until it is known.
  start_ms double precision,
  duration_ms double precision,
  bytes bigint,
  content_type text not null default 'audio/ogg',
  -- Which storage it lies in, and under which name there.
  storage text,
  object text,
  -- Null: it lies there in plain. Else its own key, sealed.
  sealed_key text,
  -- So many bytes of its pieces are in the object; 0: none is yet.
  version bigint not null default 0,
  -- Whoever joins its pieces now counts as dead by then; after a failure, when it is tried again.
  claimed_until timestamptz(3),
  attempts integer not null default 0,
  created_at timestamptz(3) not null default now(),
  ready_at timestamptz(3)
);

create unique index recordings_of_agent on recordings (call_id) where made_by = 'agent';
create index recordings_of_call on recordings (call_id);
create index recordings_newest_first on recordings (tenant_id, created_at desc, recording_id desc);
create index recordings_of_egress on recordings (created_at) where made_by = 'egress' and status = 'receiving';

-- What a process of a worker records of a call: one each epoch, sent while it goes on.
create table recording_segments (
  call_id text not null,
  epoch integer not null,
  received_bytes bigint not null default 0,
  is_final boolean not null default false,
  -- Its pieces are gone; nothing more of it is taken.
  closed_at timestamptz(3),
  -- Of its pieces, sealed; null: they are in plain.
  sealed_key text,
  updated_at timestamptz(3) not null default now(),
  primary key (call_id, epoch)
);

create index recording_segments_open on recording_segments (updated_at) where closed_at is null;

create table recording_pieces (
  call_id text not null,
  epoch integer not null,
  -- Where in the segment it begins.
  at_byte bigint not null,
  bytes bytea not null,
  primary key (call_id, epoch, at_byte)
);

-- Sound does not get smaller.
alter table recording_pieces alter column bytes set storage external;

-- Who may hear a recording by its address alone, for some minutes.
create table recording_tickets (
  ticket_sha256 bytea primary key,
  recording_id text not null references recordings on delete cascade,
  expires_at timestamptz(3) not null
);

create index recording_tickets_of_recording on recording_tickets (recording_id);
create index recording_tickets_oldest_first on recording_tickets (expires_at);

-- Objects that are to go, tried until they have. One that is being written stands here too, so that it goes if its writer dies.
create table recording_deletions (
  storage text not null,
  object text not null,
  -- Which erasure wants it gone; null: none.
  erasure_id text,
  due_at timestamptz(3) not null default now(),
  attempts integer not null default 0,
  error text,
  created_at timestamptz(3) not null default now(),
  primary key (storage, object)
);

create index recording_deletions_due on recording_deletions (due_at);
create index recording_deletions_of_erasure on recording_deletions (erasure_id) where erasure_id is not null;
