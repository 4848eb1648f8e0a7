//! "Load Testing with K6" of Aspire AI. A flow alone has the users of normal load.

use super::statement::{DocumentRow, DocumentStatement};

const OBJECTIVES: &[DocumentStatement] = &[
    (
        "- **API P95 Latency**: <300ms for GET requests, <1000ms for POST requests",
        &["method:GET: p95 < 300ms", "method:POST: p95 < 1000ms"],
    ),
    ("- **API Success Rate**: 99.9%", &["success > 99.9%"]),
];
const ALERTS: &[DocumentStatement] = &[
    (
        "- **Error Rate**: >1% triggers alert",
        &["warn: errors < 1%"],
    ),
    (
        "- **Database Connections**: >80% triggers alert",
        &["warn: pool.use < 80%"],
    ),
];
const SLOW_ALERT: &[DocumentStatement] = &[(
    "- **P95 Latency**: >500ms triggers alert",
    &["warn: p95 < 500ms"],
)];
const NORMAL_LOAD: &[DocumentStatement] = &[(
    "- **Users**: 50 concurrent / - **Duration**: 10 minutes",
    &["50 users", "for 600s"],
)];
/// Its baselines name no percentile: the one of its objectives.
const ENROLMENT: &[DocumentStatement] = &[(
    "API P95 Latency / - **Enrollment Flow**: <2s end-to-end",
    &["flow:courses.enrol: p95 < 2s"],
)];
const LESSONS: &[DocumentStatement] = &[
    (
        "API P95 Latency / - **Lesson Loading**: <500ms",
        &["courses.lesson: p95 < 500ms"],
    ),
    (
        "API P95 Latency / - **Quiz Completion**: <300ms",
        &["courses.quiz: p95 < 300ms"],
    ),
    (
        "API P95 Latency / - **Progress Updates**: <200ms",
        &["courses.complete_lesson: p95 < 200ms"],
    ),
];
const ASSIGNMENTS: &[DocumentStatement] = &[(
    "API P95 Latency / - **Assignment Submission**: <1s",
    &["courses.submit: p95 < 1s"],
)];
const ALL_THREE: &[DocumentStatement] = &[(
    "",
    &[
        "courses.enrol 33.33%",
        "courses.lesson 33.33%",
        "courses.assignment 33.33%",
    ],
)];

pub(super) const SUITES: &[DocumentRow] = &[
    (
        "aspire_enrolment",
        &[
            NORMAL_LOAD,
            OBJECTIVES,
            ENROLMENT,
            ALERTS,
            SLOW_ALERT,
            &[(
                "Tests the complete user enrollment flow:",
                &["courses.enrol"],
            )],
        ],
    ),
    (
        "aspire_lessons",
        &[
            NORMAL_LOAD,
            OBJECTIVES,
            LESSONS,
            ALERTS,
            SLOW_ALERT,
            &[(
                "Tests lesson consumption and progress tracking:",
                &["courses.lesson"],
            )],
        ],
    ),
    (
        "aspire_assignments",
        &[
            NORMAL_LOAD,
            OBJECTIVES,
            ASSIGNMENTS,
            ALERTS,
            SLOW_ALERT,
            &[(
                "Tests assignment submission and management:",
                &["courses.assignment"],
            )],
        ],
    ),
    (
        "aspire_payment",
        &[
            NORMAL_LOAD,
            OBJECTIVES,
            ALERTS,
            SLOW_ALERT,
            &[
                (
                    "- **Webhook Failure Rate**: <1%",
                    &["payments.settled: errors < 1%"],
                ),
                ("- Mock payment methods", &["payments.pay"]),
            ],
        ],
    ),
    (
        "aspire_normal",
        &[
            NORMAL_LOAD,
            OBJECTIVES,
            ENROLMENT,
            LESSONS,
            ASSIGNMENTS,
            ALERTS,
            SLOW_ALERT,
            ALL_THREE,
        ],
    ),
    (
        "aspire_peak",
        &[
            ALERTS,
            ALL_THREE,
            &[
                (
                    "- **Users**: 200 concurrent / - **Duration**: 5 minutes",
                    &["200 users", "for 300s"],
                ),
                (
                    "- **Expected**: P95 latency <500ms, success rate >99%",
                    &["p95 < 500ms", "success > 99%"],
                ),
            ],
        ],
    ),
    (
        "aspire_stress",
        &[
            ALERTS,
            SLOW_ALERT,
            ALL_THREE,
            &[(
                "- **Users**: 500 concurrent / - **Duration**: 3 minutes",
                &["500 users", "for 180s"],
            )],
        ],
    ),
];
