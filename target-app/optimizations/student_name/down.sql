drop index if exists student_name_idx;
