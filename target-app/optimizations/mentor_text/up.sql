-- claim: a search by words reads the mentors that have them instead of computing the words of
--        every mentor; CPU per search falls
-- query: features::mentors::listing (count, page; only where `q` is given)
-- cost: about a dozen entries a mentor; a change of name, headline or bio rewrites them
-- experiment: experiments/fulltext_index.yaml
create index if not exists mentor_text_idx
    on mentor
    using gin (to_tsvector('simple', display_name || ' ' || headline || ' ' || bio))
    where is_active;
