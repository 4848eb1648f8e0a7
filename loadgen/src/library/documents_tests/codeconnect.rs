//! "CodeConnect Load Testing Suite", and the video classes of "CodeConnect Performance Test Results".

use super::statement::{DocumentRow, DocumentStatement};

const SLO: &[DocumentStatement] = &[
    ("- **P95 Latency**: < 1000ms", &["p95 < 1000ms"]),
    ("- **Success Rate**: > 99%", &["success > 99%"]),
    ("- **Error Rate**: < 1%", &["errors < 1%"]),
];
const ONE_SCENARIO: &[DocumentStatement] = &[
    (
        "- **Concurrent Users**: 3000 (configurable)",
        &["3000 users"],
    ),
    ("- **Test Duration**: 30 seconds per scenario", &["for 30s"]),
];

pub(super) const SUITES: &[DocumentRow] = &[
    (
        "codeconnect",
        &[
            SLO,
            &[
                (
                    "- **Concurrent Users**: 3000 (configurable) / - **Test Duration**: 30 seconds per scenario",
                    &[
                        "auth: 3000 users for 30s, auth.session",
                        "discovery: 3000 users for 30s, mentors.browse",
                        "booking: 3000 users for 30s, bookings.book",
                        "recordings: 3000 users for 30s, recordings.watch",
                        "websocket: 3000 users for 30s, chat.room",
                    ],
                ),
                (
                    "- **P95 Latency**: < 1000ms",
                    &[
                        "phase:auth: p95 < 1000ms",
                        "phase:discovery: p95 < 1000ms",
                        "phase:booking: p95 < 1000ms",
                        "phase:recordings: p95 < 1000ms",
                        "phase:websocket: p95 < 1000ms",
                    ],
                ),
                (
                    "- **Success Rate**: > 99%",
                    &[
                        "phase:auth: success > 99%",
                        "phase:discovery: success > 99%",
                        "phase:booking: success > 99%",
                        "phase:recordings: success > 99%",
                        "phase:websocket: success > 99%",
                    ],
                ),
                (
                    "",
                    &[
                        "warm up: 3000 users for 10s",
                        "auth.session 20%",
                        "mentors.browse 20%",
                        "bookings.book 20%",
                        "recordings.watch 20%",
                        "chat.room 20%",
                    ],
                ),
            ],
        ],
    ),
    (
        "codeconnect_auth",
        &[
            SLO,
            ONE_SCENARIO,
            &[(
                "1. **Authentication Flow** - User login and session management",
                &["auth.session"],
            )],
        ],
    ),
    (
        "codeconnect_discovery",
        &[
            SLO,
            ONE_SCENARIO,
            &[(
                "2. **Mentor Discovery** - Search, filtering, and browsing mentors",
                &["mentors.browse"],
            )],
        ],
    ),
    (
        "codeconnect_booking",
        &[
            SLO,
            ONE_SCENARIO,
            &[(
                "3. **Booking & Payment** - Course booking and payment processing",
                &["bookings.book"],
            )],
        ],
    ),
    (
        "codeconnect_payment",
        &[
            SLO,
            ONE_SCENARIO,
            &[
                (
                    "3. **Booking & Payment** - Course booking and payment processing",
                    &["payments.pay"],
                ),
                (
                    "- **Success Rate**: > 99%",
                    &[
                        "payments.confirm: success > 99%",
                        "payments.settled: success > 99%",
                    ],
                ),
            ],
        ],
    ),
    (
        "codeconnect_recordings",
        &[
            SLO,
            ONE_SCENARIO,
            &[(
                "4. **Recording Access** - Video recording retrieval and playback",
                &["recordings.watch"],
            )],
        ],
    ),
    (
        "codeconnect_websocket",
        &[
            SLO,
            ONE_SCENARIO,
            &[(
                "5. **WebSocket Connections** - Real-time notifications and messaging",
                &["chat.room"],
            )],
        ],
    ),
    (
        "codeconnect_notifications",
        &[
            SLO,
            ONE_SCENARIO,
            &[(
                "5. **WebSocket Connections** - Real-time notifications and messaging",
                &["notifications.read"],
            )],
        ],
    ),
    (
        "codeconnect_push",
        &[
            SLO,
            &[
                ("- **Test Duration**: 30 seconds per scenario", &["for 30s"]),
                (
                    "5. **WebSocket Connections** - Real-time notifications and messaging",
                    &["notifications.push"],
                ),
                (
                    "- **P95 Latency**: < 1000ms / - **Success Rate**: > 99%",
                    &[
                        "notifications.push: p95 < 1000ms",
                        "notifications.push: success > 99%",
                    ],
                ),
                ("", &["200 users"]),
            ],
        ],
    ),
    // "CodeConnect Performance Test Results", which states no duration.
    (
        "codeconnect_video_class",
        &[&[
            ("- **Video Sessions:** ~200 concurrent", &["200 users"]),
            ("- **Test Duration**: 30 seconds per scenario", &["for 30s"]),
            (
                "**Target:** >99% success, <500ms latency / P97.5 Latency",
                &[
                    "p97.5 < 500ms",
                    "success > 99%",
                    "sessions.initiate: p97.5 < 500ms",
                    "sessions.initiate: success > 99%",
                    "sessions.offer: p97.5 < 500ms",
                    "sessions.offer: success > 99%",
                    "sessions.answer: p97.5 < 500ms",
                    "sessions.answer: success > 99%",
                    "sessions.ice: p97.5 < 500ms",
                    "sessions.ice: success > 99%",
                    "recordings.list: p97.5 < 500ms",
                    "recordings.link: p97.5 < 500ms",
                    "recordings.play: p97.5 < 500ms",
                    "recordings.play: success > 99%",
                ],
            ),
            ("- **Error Rate**: < 1%", &["errors < 1%"]),
            ("", &["sessions.class 75%", "recordings.watch 25%"]),
        ]],
    ),
];
