-- claim: a policy compares the rows of one person with the user, instead of every row of the table
-- query: every statement of a person on these tables while db.rls is on
-- cost: three index entries, two a booking and one a conflict
-- experiment: experiments/rls_index.yaml
create index if not exists booking_student_policy_idx on booking (student_id);
create index if not exists booking_mentor_policy_idx on booking (mentor_id);
create index if not exists booking_conflict_student_policy_idx on booking_conflict (student_id);
