-- No session is live whose booking is cancelled or not paid.
select
    s.id as session_id,
    s.booking_id,
    b.status,
    h.expires_at as hold_expires_at
from class_session s
join booking b on b.id = s.booking_id
left join booking_hold h on h.booking_id = b.id
where s.ended_at is null
    and (b.status = 'cancelled' or h.booking_id is not null)
