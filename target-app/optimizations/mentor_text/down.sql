drop index if exists mentor_text_idx;
