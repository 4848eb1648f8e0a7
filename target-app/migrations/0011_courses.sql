-- Courses, who is enrolled in them, and what each student has done.

create table course (
    id          uuid    primary key,
    title       text    not null,
    description text    not null,
    -- how many rows of lesson and quiz_question it has
    lessons     integer not null constraint course_lessons_check check (lessons between 1 and 100),
    questions   integer not null constraint course_questions_check check (questions between 1 and 100)
);

create table lesson (
    id        uuid    primary key,
    course_id uuid    not null references course (id),
    number    integer not null constraint lesson_number_check check (number >= 1),
    title     text    not null,
    content   text    not null,
    constraint lesson_course_id_number_key unique (course_id, number)
);

create table quiz_question (
    course_id uuid     not null references course (id),
    number    integer  not null constraint quiz_question_number_check check (number >= 1),
    prompt    text     not null,
    choices   text[]   not null,
    -- a place in choices, from 0
    answer    smallint not null constraint quiz_question_answer_check check (answer >= 0),
    primary key (course_id, number)
);

create table enrolment (
    id                uuid        primary key,
    course_id         uuid        not null references course (id),
    student_id        uuid        not null references app_user (id),
    -- number of rows of lesson_completion, kept in step with each of them
    lessons_completed integer     not null default 0 constraint enrolment_lessons_completed_check check (lessons_completed >= 0),
    -- best score of the attempts
    quiz_best         integer     constraint enrolment_quiz_best_check check (quiz_best >= 0),
    enrolled_at       timestamptz not null,
    completed_at      timestamptz,
    -- one enrolment for each student and course, however often it is requested
    constraint enrolment_student_id_course_id_key unique (student_id, course_id)
);

create table lesson_completion (
    enrolment_id uuid        not null references enrolment (id),
    lesson_id    uuid        not null references lesson (id),
    completed_at timestamptz not null,
    -- a lesson counts once
    primary key (enrolment_id, lesson_id)
);

create table quiz_attempt (
    enrolment_id uuid        not null references enrolment (id),
    number       smallint    not null constraint quiz_attempt_number_check check (number between 1 and 10),
    answers      smallint[]  not null,
    score        integer     not null constraint quiz_attempt_score_check check (score >= 0),
    taken_at     timestamptz not null,
    primary key (enrolment_id, number)
);

create table submission (
    -- also the name of its file
    id           uuid        primary key,
    enrolment_id uuid        not null references enrolment (id),
    number       smallint    not null constraint submission_number_check check (number between 1 and 10),
    size_bytes   integer     not null constraint submission_size_bytes_check check (size_bytes > 0),
    media_type   text        not null,
    sha256       bytea       not null constraint submission_sha256_check check (octet_length(sha256) = 32),
    submitted_at timestamptz not null,
    constraint submission_enrolment_id_number_key unique (enrolment_id, number)
);
