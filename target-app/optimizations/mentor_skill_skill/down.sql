drop index if exists mentor_skill_skill_idx;
