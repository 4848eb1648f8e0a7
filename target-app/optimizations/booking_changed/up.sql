-- claim: the latest ten changes are the end of one index instead of the top of every booking sorted
-- query: features::dashboards::repository (latest changes of the platform)
-- cost: one index entry a booking; a cancellation is no longer a heap-only update
-- experiment: experiments/dashboard_index.yaml
create index if not exists booking_changed_idx
    on booking ((coalesce(cancelled_at, created_at)), id);
