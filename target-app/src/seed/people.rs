//! Names and texts of seeded people, each a function of its own random stream.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use shared::dataset::{LANGUAGES, SKILLS, ZIPF_EXPONENT};

use super::{
    skew::pick,
    words::{
        CHAT, CLOSINGS, COMPLAINTS, FAMILY, GIVEN, MIDDLES, OPENINGS, PRAISE, PROMISES, ROOMS,
        TITLES,
    },
};

/// The names, split once.
pub(crate) struct Names {
    given: Vec<&'static str>,
    family: Vec<&'static str>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            given: GIVEN.split_whitespace().collect(),
            family: FAMILY.split_whitespace().collect(),
        }
    }

    /// A given and a family name.
    pub(crate) fn full(&self, rng: &mut ChaCha8Rng) -> String {
        format!("{} {}", pick(rng, &self.given), pick(rng, &self.family))
    }
}

/// What a mentor's profile says.
pub(crate) struct ProfileText {
    pub(crate) headline: String,
    pub(crate) bio: String,
    /// Indexes into [`SKILLS`], ascending.
    pub(crate) skills: Vec<usize>,
    /// Codes, ascending.
    pub(crate) languages: Vec<&'static str>,
}

/// A profile: one to five skills and one to three languages, the first of each list most often.
pub(crate) fn profile(rng: &mut ChaCha8Rng) -> ProfileText {
    let skill_count = rng.random_range(1..=5_u32) as usize;
    let skills = skewed(rng, SKILLS.len(), skill_count);
    let language_count = 1 + usize::from(rng.random_bool(0.4)) + usize::from(rng.random_bool(0.1));
    let mut languages: Vec<_> = skewed(rng, LANGUAGES.len(), language_count)
        .into_iter()
        .map(|at| LANGUAGES[at])
        .collect();
    languages.sort_unstable();
    let main = SKILLS[skills[rng.random_range(0..skills.len() as u32) as usize]];
    ProfileText {
        headline: format!("{}, {main}: {}", pick(rng, TITLES), pick(rng, PROMISES)),
        bio: bio(rng, main),
        skills,
        languages,
    }
}

fn bio(rng: &mut ChaCha8Rng, skill: &str) -> String {
    let years = rng.random_range(3..=25_u32).to_string();
    let mut text = pick(rng, OPENINGS)
        .replace("{years}", &years)
        .replace("{skill}", skill);
    let count = rng.random_range(3..=5_u32) as usize;
    for at in distinct(rng, MIDDLES.len(), count) {
        text.push(' ');
        text.push_str(&MIDDLES[at].replace("{skill}", skill));
    }
    text.push(' ');
    text.push_str(pick(rng, CLOSINGS));
    text
}

/// A review that fits its stars: praise above three, complaints below, both at three.
pub(crate) fn review(rng: &mut ChaCha8Rng, stars: u8) -> String {
    let (praise, complaints) = match stars {
        5 => (rng.random_range(2..=3_u32), 0),
        4 => (2, rng.random_range(0..=1_u32)),
        3 => (1, 1),
        2 => (rng.random_range(0..=1_u32), 2),
        _ => (0, rng.random_range(2..=3_u32)),
    };
    let mut sentences: Vec<&str> = distinct(rng, PRAISE.len(), praise as usize)
        .into_iter()
        .map(|at| PRAISE[at])
        .collect();
    for at in distinct(rng, COMPLAINTS.len(), complaints as usize) {
        sentences.push(COMPLAINTS[at]);
    }
    sentences.join(" ")
}

/// A chat message of one or two sentences.
pub(crate) fn chat(rng: &mut ChaCha8Rng) -> String {
    let first = pick(rng, CHAT);
    if rng.random_bool(0.25) {
        format!("{first} {}", pick(rng, CHAT))
    } else {
        first.to_owned()
    }
}

/// A room's title.
pub(crate) fn room_title(rng: &mut ChaCha8Rng, n: u32) -> String {
    format!("{} {} {}", pick(rng, &SKILLS), pick(rng, ROOMS), n + 1)
}

/// A skill by popularity, for the title of a recording.
pub(crate) fn skill(rng: &mut ChaCha8Rng) -> &'static str {
    SKILLS[skewed(rng, SKILLS.len(), 1)[0]]
}

/// `count` distinct numbers below `n`, small ones most often (Zipf), ascending.
fn skewed(rng: &mut ChaCha8Rng, n: usize, count: usize) -> Vec<usize> {
    let mut weights: Vec<f64> = (1..=n)
        .map(|rank| (rank as f64).powf(-ZIPF_EXPONENT))
        .collect();
    let mut out: Vec<usize> = (0..count.min(n))
        .map(|_| {
            let mut rest = rng.random::<f64>() * weights.iter().sum::<f64>();
            let at = weights
                .iter()
                .position(|weight| {
                    rest -= weight;
                    rest < 0.0
                })
                .unwrap_or_else(|| weights.iter().position(|weight| *weight > 0.0).unwrap_or(0));
            weights[at] = 0.0;
            at
        })
        .collect();
    out.sort_unstable();
    out
}

/// `count` distinct numbers below `n`, in random order.
fn distinct(rng: &mut ChaCha8Rng, n: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    for at in 0..count.min(n) {
        let other = rng.random_range(at as u32..n as u32) as usize;
        all.swap(at, other);
    }
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::skew::{row, stream};

    #[test]
    fn profiles_are_several_hundred_characters_within_the_limits_of_the_api() {
        let base = stream(1, "profile");
        for n in 0..500 {
            let one = profile(&mut row(&base, n));
            assert!(
                (1..=160).contains(&one.headline.chars().count()),
                "{}",
                one.headline
            );
            assert!(
                (250..=4_000).contains(&one.bio.chars().count()),
                "{}",
                one.bio.len()
            );
            assert!(!one.bio.contains('{'), "{}", one.bio);
            assert!((1..=5).contains(&one.skills.len()) && one.skills.is_sorted());
            assert!((1..=3).contains(&one.languages.len()));
            let mut unique = one.skills.clone();
            unique.dedup();
            assert_eq!(unique, one.skills);
        }
    }

    #[test]
    fn reviews_say_something_for_every_number_of_stars() {
        let base = stream(1, "review");
        for n in 0..500 {
            let text = review(&mut row(&base, n), (n % 5 + 1) as u8);
            assert!((20..=2_000).contains(&text.len()), "{text}");
        }
    }
}
