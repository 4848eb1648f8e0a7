update attendance set marked_at = marked_at - interval '1 day';
