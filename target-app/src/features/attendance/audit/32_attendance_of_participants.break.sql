insert into attendance (booking_id, status, marked_by, marked_at)
select 'BOOKING', 'present', student_id, now() from booking where id = 'BOOKING'
on conflict (booking_id) do nothing;
update booking set status = 'cancelled', cancelled_at = now() where id = 'BOOKING';
