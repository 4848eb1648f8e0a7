-- No hold is more than half a minute older than its time.
select
    booking_id,
    expires_at
from booking_hold
where expires_at < now() - interval '30 seconds'
