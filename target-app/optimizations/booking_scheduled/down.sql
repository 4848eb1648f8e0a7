drop index if exists booking_scheduled_idx;
