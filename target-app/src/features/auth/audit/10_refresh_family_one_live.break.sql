insert into refresh_token (digest, family, user_id, expires_at, revoked_at)
select digest::bytea, '00000000-0000-0000-0000-000000000001', student_id, now(), revoked
from booking, (values ('\x01', null), ('\x02', now())) as t (digest, revoked)
where id = 'BOOKING';
