-- What happens to a booking once is notified to each of its participants at most once.
select
    user_id,
    kind,
    booking_id,
    count(*) as times
from notification
where kind not in ('booking_moved', 'session_started')
group by user_id, kind, booking_id
having count(*) > 1
