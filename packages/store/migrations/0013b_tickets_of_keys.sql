-- By whose key a ticket was made: it is good for no longer than that. Null: by PARLEY_API_KEY.
alter table tickets add column key_id text;
