insert into notification (id, user_id, kind, booking_id, created_at)
select gen_random_uuid(), m.user_id, 'booking_made', b.id, b.created_at
from booking b join mentor m on m.id = b.mentor_id, generate_series(1, 2) where b.id = 'BOOKING';
