insert into idempotency_key (user_id, key, digest, status, body)
select student_id, 'k', '\x00', 201, jsonb_build_object('id', gen_random_uuid(), 'slot_id', slot_id)
from booking where id = 'BOOKING';
