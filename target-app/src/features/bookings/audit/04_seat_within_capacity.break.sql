update booking set seat = 1 where id = 'BOOKING';
