//! From a key to a wish of the load, and the answer in a line.

use super::figures::rate;
use crate::events::{Steerable, Steering, Wish};

/// What a key changes the load by.
const STEP: f64 = 0.1;

/// The load a tenth more (`more`) or less; the answer.
pub(super) fn step(steering: &Steering, more: bool) -> String {
    let wish = match steering.steerable() {
        Steerable::Nothing { why } => return why,
        Steerable::Rate { now, most } if more => {
            // To the limit, and only from there beyond it: that is refused, with the reason.
            let next = now * (1.0 + STEP);
            Wish::Rate(if now < most { next.min(most) } else { next })
        }
        Steerable::Rate { now, .. } => Wish::Rate(now * (1.0 - STEP)),
        Steerable::Users { now, most } => {
            let by = ((f64::from(now) * STEP).round() as u32).max(1);
            let next = now.saturating_add(by);
            Wish::Users(match (more, now < most) {
                (true, true) => next.min(most),
                (true, false) => next,
                (false, _) => now.saturating_sub(by),
            })
        }
    };
    answer(steering, wish)
}

/// The load as it was typed; the answer.
pub(super) fn set(steering: &Steering, typed: &str) -> String {
    let wish = match steering.steerable() {
        Steerable::Nothing { why } => return why,
        Steerable::Rate { .. } => typed.parse().map(Wish::Rate).ok(),
        Steerable::Users { .. } => typed.parse().map(Wish::Users).ok(),
    };
    match wish {
        Some(wish) => answer(steering, wish),
        None if typed.is_empty() => "nothing was typed: the load stays".to_owned(),
        None => format!("`{typed}` is no number of these: the load stays"),
    }
}

/// What is asked for a number, or why none can be taken.
pub(super) fn question(steerable: &Steerable) -> Result<String, String> {
    match steerable {
        Steerable::Nothing { why } => Err(why.clone()),
        Steerable::Rate { now, most } => Ok(format!(
            "new rate a second (now {}, at most {})",
            rate(*now),
            rate(*most)
        )),
        Steerable::Users { now, most } => {
            Ok(format!("new number of users (now {now}, at most {most})"))
        }
    }
}

fn answer(steering: &Steering, wish: Wish) -> String {
    match (steering.wish(wish), wish) {
        (Ok(()), Wish::Rate(per_s)) => format!("{} a second from now on", rate(per_s)),
        (Ok(()), Wish::Users(1)) => "1 user from now on".to_owned(),
        (Ok(()), Wish::Users(users)) => format!("{users} users from now on"),
        (Err(why), _) => format!("refused: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn a_rate_goes_by_tenths_up_to_its_limit() {
        let steering = Steering::new(CancellationToken::new());
        steering.begin(Steerable::Rate {
            now: 100.0,
            most: 115.0,
        });
        let wishes = steering.wishes();
        assert_eq!(step(&steering, false), "90 a second from now on");
        assert_eq!(set(&steering, "110"), "110 a second from now on");
        assert_eq!(step(&steering, true), "115 a second from now on");
        assert_eq!(*wishes.borrow(), Some(Wish::Rate(115.0)));
        assert!(step(&steering, true).contains("outside 0.1 to 115"));
        assert!(set(&steering, "1.2.3").contains("is no number"));
        assert!(set(&steering, "").contains("nothing was typed"));
    }

    #[test]
    fn users_go_by_at_least_one() {
        let steering = Steering::new(CancellationToken::new());
        steering.begin(Steerable::Users { now: 2, most: 50 });
        assert_eq!(step(&steering, true), "3 users from now on");
        assert_eq!(set(&steering, "1"), "1 user from now on");
        assert!(step(&steering, false).starts_with("refused: 0 lies outside"));
        assert!(set(&steering, "2.5").contains("is no number"));
        assert_eq!(
            question(&steering.steerable()).unwrap(),
            "new number of users (now 1, at most 50)"
        );
    }

    #[test]
    fn what_cannot_be_changed_says_why() {
        let steering = Steering::new(CancellationToken::new());
        let why = "the load of an experiment is fixed".to_owned();
        steering.begin(Steerable::Nothing { why });
        for told in [step(&steering, true), set(&steering, "5")] {
            assert_eq!(told, "the load of an experiment is fixed");
        }
        assert!(question(&steering.steerable()).is_err());
    }
}
