-- Since when an egress is asked to end; another one may be made of the call meanwhile.
alter table recordings add stopping_at timestamptz(3);
