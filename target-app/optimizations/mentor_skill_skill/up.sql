-- claim: the mentors of a skill are one index range instead of a look-up for each mentor, or a scan
--        of all skills of all mentors
-- query: features::mentors::listing (count, page; only where `skill` is given)
-- cost: one index entry for each skill of each mentor
-- experiment: experiments/skill_index.yaml
create index if not exists mentor_skill_skill_idx
    on mentor_skill (skill_id, mentor_id);
