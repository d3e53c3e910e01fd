import { type SQL, sql } from "drizzle-orm";

/** Makes the recordings of calls whose pieces are here and whose facts have come: of this call, or of all. */
export const ofCalls = (callId: string | null): SQL => sql`
  insert into recordings (recording_id, call_id, tenant_id, made_by)
  select 'rec_' || replace(gen_random_uuid()::text, '-', ''), c.call_id, c.tenant_id, 'agent'
  from calls c
  where exists (
    select 1 from recording_segments s where s.call_id = c.call_id and s.closed_at is null
      and (${callId}::text is null or s.call_id = ${callId})
  )
    and (${callId}::text is null or c.call_id = ${callId})
    and not exists (select 1 from recordings r where r.call_id = c.call_id and r.made_by = 'agent')
  on conflict do nothing`;
