insert into notification (id, user_id, kind, booking_id, created_at)
select gen_random_uuid(), student_id, 'booking_cancelled', id, created_at from booking where id = 'BOOKING';
