update booking set price_cents = price_cents + 1 where id = 'BOOKING';
