-- claim: the list of the newest mentors walks one index in order instead of sorting every mentor
-- query: features::mentors::listing (page by age)
-- cost: one index entry an active mentor, written when the mentor joins
-- experiment: experiments/mentor_order_indexes.yaml
create index if not exists mentor_newest_idx
    on mentor (joined_at desc, id)
    where is_active;
