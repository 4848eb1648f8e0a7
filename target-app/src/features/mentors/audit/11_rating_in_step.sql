-- Every mentor's rating and number of reviews are those of the reviews.
select
    mentor.id as mentor_id,
    mentor.rating_hundredths,
    mentor.review_count,
    coalesce(given.rating_hundredths, 0) as reviewed_hundredths,
    coalesce(given.reviews, 0) as reviews
from mentor
left join (
    select
        mentor_id,
        count(*) as reviews,
        round(avg(stars) * 100)::integer as rating_hundredths
    from review
    group by mentor_id
) as given on given.mentor_id = mentor.id
where mentor.review_count <> coalesce(given.reviews, 0)
or mentor.rating_hundredths <> coalesce(given.rating_hundredths, 0)
