update booking set payment_required = true where id = 'BOOKING';
