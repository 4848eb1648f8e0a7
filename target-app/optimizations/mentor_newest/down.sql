drop index if exists mentor_newest_idx;
