-- The submissions of every enrolment are numbered from 1 without gaps, each with the size and digest of a file.
select
    enrolment_id,
    count(*) as submissions,
    max(number) as last_number,
    min(size_bytes) as smallest_bytes
from submission
group by enrolment_id
having max(number) <> count(*)
or min(size_bytes) <= 0
or min(octet_length(sha256)) <> 32
or max(octet_length(sha256)) <> 32
