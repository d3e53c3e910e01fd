-- The epoch that was given to a call's next owner. From then on nothing of older epochs is taken, though the new owner has
-- not written yet; where its facts begin is still seen by the epoch of its first batch.
alter table calls add column fence integer not null default 0;
