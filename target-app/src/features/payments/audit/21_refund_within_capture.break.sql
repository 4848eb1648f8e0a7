alter table payment drop constraint payment_refunded_cents_check;
insert into payment
(id, booking_id, student_id, amount_cents, status, captured_cents, refunded_cents)
select gen_random_uuid(), id, student_id, price_cents, 'refunded', price_cents, price_cents + 1
from booking where id = 'BOOKING';
