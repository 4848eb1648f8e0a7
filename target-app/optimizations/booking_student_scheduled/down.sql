drop index if exists booking_student_scheduled_idx;
