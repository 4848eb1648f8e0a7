drop index if exists booking_mentor_scheduled_idx;
