-- Transcripts as words, for the search: of calls that have ended, a moment behind the log.

create table transcripts (
  call_id text primary key,
  tenant_id text,
  -- Without stems: what is said is of any language.
  words tsvector not null,
  -- Without numbers and e-mail addresses: what a tenant searches that wants them redacted.
  masked tsvector not null
);

create index transcripts_words on transcripts using gin (words);
create index transcripts_masked on transcripts using gin (masked);
