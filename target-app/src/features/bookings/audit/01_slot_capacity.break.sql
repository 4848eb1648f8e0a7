insert into booking
(id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents)
select gen_random_uuid(), slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents
from booking where id = 'BOOKING';
