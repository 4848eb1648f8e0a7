-- No booking has two live sessions at once.
select
    booking_id,
    count(*) as live_sessions
from class_session
where ended_at is null
group by booking_id
having count(*) > 1
