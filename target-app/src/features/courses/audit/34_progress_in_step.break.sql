update enrolment set lessons_completed = lessons_completed + 1;
