-- claim: a mentor's lessons read that mentor's rows instead of every booking
-- query: features::bookings::repository (list of a mentor)
-- cost: one index entry a booking; a cancellation is no longer a heap-only update
-- experiment: experiments/booking_index.yaml
create index if not exists booking_mentor_scheduled_idx
    on booking (mentor_id, scheduled_at, status);
