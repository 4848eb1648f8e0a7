drop index if exists booking_student_policy_idx;
drop index if exists booking_mentor_policy_idx;
drop index if exists booking_conflict_student_policy_idx;
