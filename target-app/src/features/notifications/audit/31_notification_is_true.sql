-- A notification says what the booking shows: cancelled, released, paid, or with a session.
select
    n.id as notification_id,
    n.kind,
    n.booking_id,
    b.status
from notification n
join booking b on b.id = n.booking_id
left join (
    select distinct booking_id
    from payment
    where settled_at is not null
) p on p.booking_id = b.id
left join (
    select distinct booking_id
    from class_session
) s on s.booking_id = b.id
where (n.kind in ('booking_cancelled', 'booking_released') and b.status <> 'cancelled')
    or (n.kind = 'booking_paid' and p.booking_id is null)
    or (n.kind = 'session_started' and s.booking_id is null)
