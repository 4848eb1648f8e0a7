-- No notification is older than its booking, and none was read before it was written.
select
    n.id as notification_id,
    n.created_at,
    n.read_at,
    b.created_at as booking_created_at
from notification n
join booking b on b.id = n.booking_id
where n.created_at < b.created_at - interval '1 minute'
    or n.read_at < n.created_at
