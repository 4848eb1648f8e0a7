//! "CodeConnect Performance Test Results", whose figures stand in an experiment.

use super::statement::DocumentRow;

pub(super) const EXPERIMENTS: &[DocumentRow] = &[(
    "codeconnect_results",
    &[&[
        (
            "**Target:** >99% success rate, <1000ms p97.5 latency",
            &[
                "auth.login: success > 99%",
                "auth.login: p97.5 < 1000ms",
                "mentors.list: p97.5 < 1000ms",
            ],
        ),
        (
            "**Target:** >95% success rate, stable under load",
            &["bookings.create: success > 95%"],
        ),
        ("**Target:** >99% success rate", &["auth.me: success > 99%"]),
        (
            "**Target:** >99% success, <500ms latency / P97.5 Latency",
            &[
                "sessions.initiate: success > 99%",
                "sessions.initiate: p97.5 < 500ms",
                "sessions.offer: success > 99%",
                "sessions.offer: p97.5 < 500ms",
                "recordings.play: success > 99%",
                "recordings.play: p97.5 < 500ms",
            ],
        ),
        (
            "| Message Delivery | >97% | / | Latency | <500ms | / P97.5 Latency",
            &["chat.deliver: success > 97%", "chat.deliver: p97.5 < 500ms"],
        ),
        (
            "Login: 89.83% success",
            &["auth.login before success: 89.83 %"],
        ),
        (
            "| Total Attempts | 17,554 | / | Successful | 17,495 | / | Success Rate | **99.66%** | / | P97.5 Latency | 1,079ms | / | P50 Latency | 560ms | / | Throughput | 12.9 MB/sec |",
            &[
                "auth.login after attempts: 17,554",
                "auth.login after successful: 17,495",
                "auth.login after success: 99.66 %",
                "auth.login after p97_5: 1,079 ms",
                "auth.login after p50: 560 ms",
                "auth.login after throughput: 12.9 MB/s",
            ],
        ),
        (
            "Database Pool: 53% success (connection exhaustion)",
            &["bookings.create before success: 53 %"],
        ),
        (
            "| Total Queries | 6,334 | / | Successful | 5,539 | / | Success Rate | **87.45%** | / | P97.5 Latency | 1,997ms | / | Throughput | 20.2 MB/sec |",
            &[
                "bookings.create after attempts: 6,334",
                "bookings.create after successful: 5,539",
                "bookings.create after success: 87.45 %",
                "bookings.create after p97_5: 1,997 ms",
                "bookings.create after throughput: 20.2 MB/s",
            ],
        ),
        (
            "| Total Requests | 7,655 | / | Success Rate | **98.55%** | / | Throughput | 11.6 MB/sec |",
            &[
                "auth.me after attempts: 7,655",
                "auth.me after success: 98.55 %",
                "auth.me after throughput: 11.6 MB/s",
            ],
        ),
        // The document has 111 errors of 7,655 requests.
        ("", &["auth.me after successful: 7,544"]),
        (
            "| P97.5 Latency | 6,766ms | **2,870ms** | / | P50 Latency | 4,500ms | **287ms** | / | Success Rate | ~60% | **78.24%** | / | Cache Hits | 0% | ~90% |",
            &[
                "mentors.list before success: ~60 %",
                "mentors.list before p97_5: 6,766 ms",
                "mentors.list before p50: 4,500 ms",
                "mentors.list before hit_ratio: 0 %",
                "mentors.list after success: 78.24 %",
                "mentors.list after p97_5: 2,870 ms",
                "mentors.list after p50: 287 ms",
                "mentors.list after hit_ratio: ~90 %",
            ],
        ),
        (
            "| Session Initiation | 14,679 | 99.39% | 477ms |",
            &[
                "sessions.initiate after attempts: 14,679",
                "sessions.initiate after success: 99.39 %",
                "sessions.initiate after p97_5: 477 ms",
            ],
        ),
        (
            "| WebRTC Signaling | 17,606 | 100% | 458ms |",
            &[
                "sessions.offer after attempts: 17,606",
                "sessions.offer after success: 100 %",
                "sessions.offer after p97_5: 458 ms",
            ],
        ),
        (
            "| Recording Access | 24,449 | 100% | 362ms |",
            &[
                "recordings.play after attempts: 24,449",
                "recordings.play after successful: 24,449",
                "recordings.play after success: 100 %",
                "recordings.play after p97_5: 362 ms",
            ],
        ),
        (
            "| Message Delivery | >97% | / | Latency | <500ms |",
            &[
                "chat.deliver after success: > 97 %",
                "chat.deliver after p97_5: < 500 ms",
            ],
        ),
    ]],
)];
