-- claim: a list by price, in either direction, walks one index and stops at the page's end instead
--        of sorting every mentor
-- query: features::mentors::listing (page by price; with a highest price also its count)
-- cost: one index entry an active mentor; a new price is no longer a heap-only update
-- experiment: experiments/mentor_order_indexes.yaml
create index if not exists mentor_price_idx
    on mentor (hourly_price_cents, id)
    where is_active;
