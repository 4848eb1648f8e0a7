insert into notification (id, user_id, kind, booking_id, created_at)
select gen_random_uuid(), student_id, 'booking_moved', id, created_at - interval '1 hour' from booking where id = 'BOOKING';
