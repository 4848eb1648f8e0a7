//! Changes the load by a key, and returns a message of one line.

use crate::live::figures::rate;
use loadgen_experiment::events::{Adjustable, ControlEvent, LoadControl};

/// What a key changes the load by.
const STEP: f64 = 0.1;

/// The load a tenth more (`more`) or less; the answer.
pub(super) fn step(control: &LoadControl, more: bool) -> String {
    let event = match control.adjustable() {
        Adjustable::Nothing { why } => return why,
        Adjustable::Rate { now, most } if more => {
            // To the limit, and only from there beyond it: that is refused, with the reason.
            let next = now * (1.0 + STEP);
            ControlEvent::Rate(if now < most { next.min(most) } else { next })
        }
        Adjustable::Rate { now, .. } => ControlEvent::Rate(now * (1.0 - STEP)),
        Adjustable::Users { now, most } => {
            let by = ((f64::from(now) * STEP).round() as u32).max(1);
            let next = now.saturating_add(by);
            ControlEvent::Users(match (more, now < most) {
                (true, true) => next.min(most),
                (true, false) => next,
                (false, _) => now.saturating_sub(by),
            })
        }
    };
    answer(control, event)
}

/// The load as it was typed; the answer.
pub(super) fn set(control: &LoadControl, typed: &str) -> String {
    let event = match control.adjustable() {
        Adjustable::Nothing { why } => return why,
        Adjustable::Rate { .. } => typed.parse().map(ControlEvent::Rate).ok(),
        Adjustable::Users { .. } => typed.parse().map(ControlEvent::Users).ok(),
    };
    match event {
        Some(event) => answer(control, event),
        None if typed.is_empty() => "nothing was typed: the load is unchanged".to_owned(),
        None => format!("`{typed}` is not a valid number: the load is unchanged"),
    }
}

/// What is asked for a number, or why none can be taken.
pub(super) fn question(adjustable: &Adjustable) -> Result<String, String> {
    match adjustable {
        Adjustable::Nothing { why } => Err(why.clone()),
        Adjustable::Rate { now, most } => Ok(format!(
            "new rate a second (now {}, at most {})",
            rate(*now),
            rate(*most)
        )),
        Adjustable::Users { now, most } => {
            Ok(format!("new number of users (now {now}, at most {most})"))
        }
    }
}

fn answer(control: &LoadControl, event: ControlEvent) -> String {
    match (control.apply(event), event) {
        (Ok(()), ControlEvent::Rate(per_s)) => format!("{} a second from now on", rate(per_s)),
        (Ok(()), ControlEvent::Users(1)) => "1 user from now on".to_owned(),
        (Ok(()), ControlEvent::Users(users)) => format!("{users} users from now on"),
        (Err(why), _) => format!("refused: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn a_rate_goes_by_tenths_up_to_its_limit() {
        let control = LoadControl::new(CancellationToken::new());
        control.begin(Adjustable::Rate {
            now: 100.0,
            most: 115.0,
        });
        let events = control.events();
        assert_eq!(step(&control, false), "90 a second from now on");
        assert_eq!(set(&control, "110"), "110 a second from now on");
        assert_eq!(step(&control, true), "115 a second from now on");
        assert_eq!(*events.borrow(), Some(ControlEvent::Rate(115.0)));
        assert!(step(&control, true).contains("outside of the range 0.1 to 115"));
        assert!(set(&control, "1.2.3").contains("is not a valid number"));
        assert!(set(&control, "").contains("nothing was typed"));
    }

    #[test]
    fn users_go_by_at_least_one() {
        let control = LoadControl::new(CancellationToken::new());
        control.begin(Adjustable::Users { now: 2, most: 50 });
        assert_eq!(step(&control, true), "3 users from now on");
        assert_eq!(set(&control, "1"), "1 user from now on");
        assert!(step(&control, false).starts_with("refused: 0 is outside"));
        assert!(set(&control, "2.5").contains("is not a valid number"));
        assert_eq!(
            question(&control.adjustable()).unwrap(),
            "new number of users (now 1, at most 50)"
        );
    }

    #[test]
    fn what_cannot_be_changed_says_why() {
        let control = LoadControl::new(CancellationToken::new());
        let why = "the load of an experiment is fixed".to_owned();
        control.begin(Adjustable::Nothing { why });
        for refusal in [step(&control, true), set(&control, "5")] {
            assert_eq!(refusal, "the load of an experiment is fixed");
        }
        assert!(question(&control.adjustable()).is_err());
    }
}
