//! "Load Testing for Music 'n Me".

use super::statement::{DocumentRow, DocumentStatement};

const GOALS: &[DocumentStatement] = &[
    ("- Error rate: < 1%", &["errors < 1%"]),
    ("- p95 response time: < 1000ms", &["p95 < 1000ms"]),
    ("- p99 response time: < 2000ms", &["p99 < 2000ms"]),
];
const CONFLICTS: &[DocumentStatement] = &[(
    "- Some bookings will fail (409 Conflict) / - Failure rate < 5% acceptable",
    &["status:409: count < 5%"],
)];

pub(super) const SUITES: &[DocumentRow] = &[
    (
        "music_full",
        &[
            GOALS,
            CONFLICTS,
            &[
                ("- Warm up: 60s @ 10 users/sec", &["warm up: 10/s for 60s"]),
                (
                    "- Ramp up: 120s @ 50 users/sec",
                    &["ramp up: 50/s for 120s"],
                ),
                (
                    "- Sustained: 180s @ 200 users/sec",
                    &["sustained: 200/s for 180s"],
                ),
                (
                    "- p99 response time / - Calendar with 500+ events: < 2500ms",
                    &["calendar.month: p99 < 2500ms"],
                ),
                ("User Authentication Flow: 240 (20%)", &["auth.login 20%"]),
                (
                    "",
                    &[
                        "health.check 5%",
                        "dashboards.admin 10%",
                        "dashboards.mentor 8.75%",
                        "dashboards.student 6.25%",
                        "calendar.full_month 7%",
                        "calendar.week 7%",
                        "calendar.move 6%",
                        "students.browse 10%",
                        "attendance.mark 10%",
                        "bookings.book 9.9%",
                        "bookings.race 0.1%",
                    ],
                ),
            ],
        ],
    ),
    (
        "music_dashboard",
        &[
            GOALS,
            &[
                (
                    "- Baseline: 60s @ 20 users/sec",
                    &["baseline: 20/s for 60s"],
                ),
                ("- Peak: 120s @ 50 users/sec", &["peak: 50/s for 120s"]),
                (
                    "- Admin dashboard (40% of traffic)",
                    &["dashboards.admin 40%"],
                ),
                (
                    "- Teacher dashboard (35% of traffic)",
                    &["dashboards.mentor 35%"],
                ),
                (
                    "- Parent dashboard (25% of traffic)",
                    &["dashboards.student 25%"],
                ),
            ],
        ],
    ),
    (
        "music_calendar",
        &[&[
            (
                "- Baseline: 60s @ 15 users/sec",
                &["baseline: 15/s for 60s"],
            ),
            ("- Peak: 120s @ 40 users/sec", &["peak: 40/s for 120s"]),
            ("- p95 < 1200ms", &["p95 < 1200ms"]),
            ("- p99 < 2500ms", &["p99 < 2500ms"]),
            ("- Error rate: < 1%", &["errors < 1%"]),
            (
                "",
                &[
                    "calendar.full_month 33.33%",
                    "calendar.week 33.33%",
                    "calendar.move 33.33%",
                ],
            ),
        ]],
    ),
    (
        "music_hybrid_booking",
        &[
            GOALS,
            CONFLICTS,
            &[
                ("- Warmup: 30s @ 5 users/sec", &["warmup: 5/s for 30s"]),
                (
                    "- Concurrent rush: 90s @ 20 users/sec",
                    &["concurrent rush: 20/s for 90s"],
                ),
                (
                    "- Peak rush: 60s @ 30 users/sec",
                    &["peak rush: 30/s for 60s"],
                ),
                (
                    "",
                    &[
                        "bookings.race 0.5%",
                        "bookings.book 50%",
                        "bookings.rebook 20%",
                        "calendar.move 29.5%",
                    ],
                ),
            ],
        ],
    ),
];
