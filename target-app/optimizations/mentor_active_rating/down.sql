drop index if exists mentor_active_rating_idx;
