-- claim: the lessons of a span of time are read from one index instead of every booking: blocks_hit
--        per dashboard of an administrator falls with the share of the span
-- query: features::dashboards::repository (figures and next lessons of the platform)
-- cost: one wide index entry a booking; a cancellation is no longer a heap-only update
-- experiment: experiments/dashboard_index.yaml
create index if not exists booking_scheduled_idx
    on booking (scheduled_at, id)
    include (status, price_cents, student_id, mentor_id);
