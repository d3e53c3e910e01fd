-- What each call used of each model, as far as its log was read, and the sums of it; beside call_usage, which knows no models.

create table call_model_usage (
  call_id text not null,
  tenant_id text,
  day date not null,
  model text not null,
  requests double precision not null,
  input_tokens double precision not null,
  output_tokens double precision not null,
  characters double precision not null,
  transcribed_ms double precision not null,
  made_ms double precision not null,
  primary key (call_id, model)
);

create table usage_model_days (
  tenant_id text,
  day date not null,
  model text not null,
  calls double precision not null,
  requests double precision not null,
  input_tokens double precision not null,
  output_tokens double precision not null,
  characters double precision not null,
  transcribed_ms double precision not null,
  made_ms double precision not null,
  unique nulls not distinct (tenant_id, day, model)
);
