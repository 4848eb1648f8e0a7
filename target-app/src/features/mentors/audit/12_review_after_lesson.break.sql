insert into review (id, mentor_id, student_id, booking_id, stars, body)
select gen_random_uuid(), mentor_id, (select id from app_user where email like 'student000300%'), id, 5, 'x'
from booking where id = 'BOOKING';
