update enrolment set completed_at = now() where lessons_completed > 0;
