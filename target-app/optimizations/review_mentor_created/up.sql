-- claim: a mentor's newest reviews are the end of an index range instead of a scan of every review
-- query: features::mentors::repository (detail, list of reviews, new rating)
-- cost: one index entry a review
-- experiment: experiments/review_index.yaml
create index if not exists review_mentor_created_idx
    on review (mentor_id, created_at);
