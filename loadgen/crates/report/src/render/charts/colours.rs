//! Whether the colours of the page can be distinguished, by the contrast ratio of the Web Content
//! Accessibility Guidelines 2.1: 4.5 for text (1.4.3), 3 for lines and bars (1.4.11).

use std::collections::BTreeMap;

use crate::render::html::STYLE;

/// The colours of the style: by name, in light and in dark.
fn colours() -> BTreeMap<String, [String; 2]> {
    let parts = STYLE.split("--").skip(1);
    parts
        .filter_map(|part| {
            let (name, rest) = part.split_once(": light-dark(")?;
            let (pair, _) = rest.split_once(')')?;
            let (light, dark) = pair.split_once(", ")?;
            Some((name.to_owned(), [light.to_owned(), dark.to_owned()]))
        })
        .collect()
}

/// Relative luminance of `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
        let share = f64::from(value) / 255.0;
        if share <= 0.040_45 {
            share / 12.92
        } else {
            ((share + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    if a > b { a / b } else { b / a }
}

/// Pairs that are nearer to each other than `least`.
fn too_near(pairs: &[(&str, &[&str])], least: f64) -> Vec<String> {
    let all = colours();
    let mut found = Vec::new();
    for (scheme, name) in ["light", "dark"].into_iter().enumerate() {
        for (front, grounds) in pairs {
            for ground in *grounds {
                let ratio = contrast(&all[*front][scheme], &all[*ground][scheme]);
                if ratio < least {
                    found.push(format!("{name}: {front} on {ground} {ratio:.2}"));
                }
            }
        }
    }
    found
}

#[test]
fn contrast_is_that_of_the_guidelines() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#767676", "#ffffff") - 4.54).abs() < 0.01);
}

#[test]
fn every_text_can_be_read_in_light_and_in_dark() {
    let pairs: [(&str, &[&str]); 5] = [
        (
            "ink",
            &[
                "paper",
                "card",
                "track",
                "good-wash",
                "bad-wash",
                "warn-wash",
            ],
        ),
        ("soft", &["paper", "card", "track", "warn-wash"]),
        ("good", &["paper", "card", "good-wash"]),
        ("bad", &["paper", "card", "bad-wash"]),
        ("warn", &["paper", "card", "warn-wash"]),
    ];
    assert_eq!(too_near(&pairs, 4.5), Vec::<String>::new());
}

#[test]
fn every_line_and_bar_stands_out_in_light_and_in_dark() {
    let lines = [
        "before",
        "after",
        "before_send",
        "admission",
        "pool",
        "db",
        "redis",
        "hash",
        "rest",
        "outside",
        "k1",
        "k2",
        "k3",
        "k4",
        "k5",
        "k6",
        "k7",
    ];
    let pairs = lines.map(|line| (line, ["card"].as_slice()));
    assert_eq!(too_near(&pairs, 3.0), Vec::<String>::new());
}
