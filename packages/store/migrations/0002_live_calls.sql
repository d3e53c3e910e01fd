-- Few calls are live at any time: whoever looks for them must not read all the others.
create index calls_live on calls (call_id) where status = 'live';
