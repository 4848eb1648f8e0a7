//! The ledger as lines.

use std::fmt::Write as _;

use shared::ledger::Ledger;

/// One line a write: who, at what, and its outcome.
pub fn ledger_csv(ledger: &Ledger) -> String {
    let mut csv = String::from("kind,who,where,what,outcome\n");
    for one in &ledger.bookings {
        let _infallible = writeln!(
            csv,
            "booking,{},{},{},{}",
            one.student,
            one.slot,
            field(one.booking),
            one.outcome.as_str()
        );
    }
    for one in &ledger.messages {
        let outcome = one.seq.map_or("in_doubt", |_| "acknowledged");
        let _infallible = writeln!(
            csv,
            "message,{},{},{},{outcome}",
            one.sender,
            one.room,
            field(one.seq)
        );
    }
    for one in &ledger.reads {
        let outcome = if one.acknowledged {
            "acknowledged"
        } else {
            "in_doubt"
        };
        let _infallible = writeln!(csv, "read,{},,{},{outcome}", one.reader, one.notification);
    }
    csv
}

/// An absent figure is an empty field.
fn field(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
