//! "Load Testing Suite" of Wheels & Wins. It states 50 workers for the heavy load and none
//! for the others.

use super::statement::{DocumentRow, DocumentStatement};

const WEBSOCKET: &[DocumentStatement] = &[
    (
        "**PASS**: 100+ concurrent users, P95 < 2s, success rate > 95% / **WARNING**: 50-99 users OR P95 2-3s OR success rate 90-95%",
        &[
            "chat.deliver: p95 < 2s warn 3s",
            "chat.connect: success > 95% warn 90%",
            "ws.delivery > 95% warn 90%",
            "success > 95% warn 90%",
        ],
    ),
    (
        "- **Success Rate**: > 99% for all operations",
        &["warn: success > 99%"],
    ),
    (
        "Tests concurrent WebSocket connections and message throughput.",
        &["chat.room"],
    ),
];
const MANY_SOCKETS: &[DocumentStatement] = &[(
    "**PASS**: 100+ concurrent users / **WARNING**: 50-99 users / **FAIL**: < 50 users",
    &["status:101: count >= 100 warn 50"],
)];
const DATABASE_LIMITS: &[DocumentStatement] = &[(
    "**PASS**: P95 < 100ms, success rate > 99% / **WARNING**: P95 100-200ms OR success rate 95-99%",
    &[
        "database.read: p95 < 100ms warn 200ms",
        "database.write: p95 < 100ms warn 200ms",
        "success > 99% warn 95%",
    ],
)];
const DATABASE: &[DocumentStatement] = &[
    ("- 80% reads (SELECT queries with RLS)", &["database.query"]),
    ("", &["for 600s"]),
];

pub(super) const SUITES: &[DocumentRow] = &[
    (
        "wheels_websocket_quick",
        &[
            WEBSOCKET,
            &[(
                "# Quick test (10 users, 60 seconds)",
                &["10 users", "for 60s"],
            )],
        ],
    ),
    (
        "wheels_websocket_full",
        &[
            WEBSOCKET,
            MANY_SOCKETS,
            &[("--users 100 --duration 300", &["100 users", "for 300s"])],
        ],
    ),
    (
        "wheels_websocket_stress",
        &[
            WEBSOCKET,
            MANY_SOCKETS,
            &[("--users 200 --duration 600", &["200 users", "for 600s"])],
        ],
    ),
    (
        "wheels_database_quick",
        &[
            DATABASE_LIMITS,
            DATABASE,
            &[
                ("# Quick test (1000 queries)", &["at most 1000 iterations"]),
                ("", &["10 users"]),
            ],
        ],
    ),
    (
        "wheels_database_full",
        &[
            DATABASE_LIMITS,
            DATABASE,
            &[
                (
                    "# Full stress test (10,000 queries)",
                    &["at most 10000 iterations"],
                ),
                ("", &["10 users"]),
            ],
        ],
    ),
    (
        "wheels_database_heavy",
        &[
            DATABASE_LIMITS,
            DATABASE,
            &[(
                "# Heavy load (50,000 queries, 50 workers)",
                &["50 users", "at most 50000 iterations"],
            )],
        ],
    ),
    (
        "wheels_combined",
        &[
            DATABASE_LIMITS,
            &[
                ("--users 100 --duration 300", &["100 users", "for 300s"]),
                (
                    "**PASS**: 100+ concurrent users, P95 < 2s, success rate > 95% / **WARNING**: 50-99 users OR P95 2-3s OR success rate 90-95%",
                    &[
                        "chat.deliver: p95 < 2s warn 3s",
                        "chat.connect: success > 95% warn 90%",
                        "ws.delivery > 95% warn 90%",
                    ],
                ),
                ("", &["chat.room 66.67%", "database.query 33.33%"]),
            ],
        ],
    ),
];
