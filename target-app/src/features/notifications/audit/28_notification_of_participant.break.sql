insert into notification (id, user_id, kind, booking_id, created_at)
select gen_random_uuid(), student_id, 'booking_moved', 'BOOKING', now() from booking where slot_id = 'OTHER';
