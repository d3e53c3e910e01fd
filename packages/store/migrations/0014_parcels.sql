-- Sound on its way between an API request and the worker that runs its call: for a moment only. Unlogged: it need not
-- survive Postgres, whoever sent it is told then that it did not arrive.

create unlogged table parcels (
  parcel_id text primary key,
  call_id text not null,
  -- Null: a worker is to bring it.
  body bytea,
  expires_at timestamptz(3) not null
);
create index parcels_expiry on parcels (expires_at);

-- Who knows a call by its room alone.
create index calls_live_room on calls (room) where status = 'live';
