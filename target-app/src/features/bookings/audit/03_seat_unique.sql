-- No place of a slot is held by two active bookings.
select
    slot_id,
    seat,
    count(*) as holders
from booking
where status in ('confirmed', 'completed')
group by slot_id, seat
having count(*) > 1
