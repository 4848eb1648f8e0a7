drop index if exists review_mentor_created_idx;
