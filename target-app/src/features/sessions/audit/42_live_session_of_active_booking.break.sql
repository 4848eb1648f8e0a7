insert into class_session (id, booking_id, part, initiated_by, started_at, expires_at)
select gen_random_uuid(), id, 1, student_id, now(), now() + interval '1 hour' from booking where id = 'BOOKING';
update slot set booked = 0 where id = 'SLOT';
update booking set status = 'cancelled', cancelled_at = now() where id = 'BOOKING';
