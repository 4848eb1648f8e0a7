-- claim: a student's bookings, and the check that a student is free, read that student's rows
--        instead of every booking; rows_returned per request falls from all bookings to a few
-- query: features::bookings::repository (list of a student, overlap check),
--        features::recordings::repository (list), features::mentors::repository (may review)
-- cost: one index entry a booking; a cancellation is no longer a heap-only update
-- experiment: experiments/booking_index.yaml
create index if not exists booking_student_scheduled_idx
    on booking (student_id, scheduled_at, status);
