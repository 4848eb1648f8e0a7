update mentor set rating_hundredths = 1 where review_count > 0;
