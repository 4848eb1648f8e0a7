-- claim: a page of students is a part of one index instead of every account sorted by name
-- query: features::students::repository (page and count of all students)
-- cost: one index entry a student
-- experiment: experiments/student_index.yaml
create index if not exists student_name_idx
    on app_user (display_name, id)
    where role = 'student';
