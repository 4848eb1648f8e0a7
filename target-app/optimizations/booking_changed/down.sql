drop index if exists booking_changed_idx;
