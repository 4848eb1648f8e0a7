insert into payment
(id, booking_id, student_id, amount_cents, status, captured_cents)
select gen_random_uuid(), id, student_id, 1, 'captured', 1
from booking where id = 'BOOKING';
