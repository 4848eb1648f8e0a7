-- No student has two bookings that were asked for with the same key.
select
    student_id,
    client_key,
    count(*) as bookings,
    count(*) filter (where status <> 'cancelled') as active
from booking
where client_key is not null
group by student_id, client_key
having count(*) > 1
