-- Calls as an application sees them: made through /livekit/*, before anybody is in the room. And what LiveKit told of rooms.

create table connections (
  connection_id text primary key,
  tenant_id text,
  room_name text not null,
  -- Made here for people to join, or an agent sent into a room that is somebody else's.
  kind text not null check (kind in ('room', 'agent')),
  agent_id text not null,
  call_id text not null,
  -- What a token for the room brings along: the agent's dispatch, as it was made.
  agent_name text not null,
  metadata text not null,
  status text not null default 'created' check (status in ('created', 'active', 'ended', 'failed', 'expired')),
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  -- Since when nobody is in the room; null: somebody is.
  empty_since timestamptz(3) default now(),
  ended_at timestamptz(3),
  end_reason text
);

create index connections_of_room on connections (room_name) where status in ('created', 'active');
create index connections_open on connections (created_at) where status in ('created', 'active');
create index connections_of_tenant on connections (tenant_id, status);

-- Each once, however often and in whatever order LiveKit sends it.
create table livekit_events (
  event_id text primary key,
  event text not null,
  room_name text,
  room_sid text,
  created_at timestamptz(3) not null,
  received_at timestamptz(3) not null default now(),
  body jsonb not null
);

create index livekit_events_of_room on livekit_events (room_name, created_at);
create index livekit_events_oldest_first on livekit_events (received_at);
