-- claim: the default mentor list walks one index in order instead of scanning and sorting every
--        mentor; blocks_hit per request and the sort go away
-- query: features::mentors::repository (list, best rated first)
-- cost: one index entry a mentor; a review that moves a rating is no longer a heap-only update
-- experiment: experiments/mentor_index.yaml
create index if not exists mentor_active_rating_idx
    on mentor (is_active, rating_hundredths desc, id);
