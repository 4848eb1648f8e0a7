insert into booking_hold (booking_id, expires_at) values ('BOOKING', now() - interval '1 minute');
