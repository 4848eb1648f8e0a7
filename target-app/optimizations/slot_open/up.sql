-- claim: a mentor's open slots are read from the index alone, the full ones left out: blocks_hit
--        per availability falls from one a slot to a few
-- query: features::mentors::repository (open slots)
-- cost: one wide index entry an open slot; a booking or cancellation is no longer a heap-only
--       update, and takes the entry out when the last place goes
-- experiment: experiments/open_slot_index.yaml
create index if not exists slot_open_idx
    on slot (mentor_id, starts_at)
    include (id, ends_at, capacity, booked, price_cents)
    where booked < capacity;
