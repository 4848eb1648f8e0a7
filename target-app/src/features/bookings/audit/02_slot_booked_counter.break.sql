update slot set booked = 0 where id = 'SLOT';
