update booking
set client_key = 'k', student_id = (select student_id from booking where id = 'BOOKING')
where slot_id in ('SLOT', 'OTHER');
