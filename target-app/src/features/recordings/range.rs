//! `Range`, `If-Range` and `If-None-Match` of RFC 9110, as far as one file of known length needs.
//!
//! Grammar of what is honoured: `bytes=FIRST-`, `bytes=FIRST-LAST` or `bytes=-COUNT`. Everything
//! else (another unit, several ranges, nonsense) is passed over, which section 14.2 allows:
//! the answer is then the whole file.

use std::ops::Range;

/// Which bytes an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RangePart {
    /// All of them: 200.
    Whole,
    /// These, end exclusive, never empty: 206.
    Some(Range<u64>),
    /// Bytes that the file does not have were asked for: 416.
    Outside,
}

/// Reads a `Range` header for a file of `length` bytes.
pub(super) fn part(header: Option<&str>, length: u64) -> RangePart {
    let Some((unit, set)) = header.and_then(|header| header.split_once('=')) else {
        return RangePart::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RangePart::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else {
        return RangePart::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => within(first, length, length),
        (Some(first), Some(last)) if first <= last => within(first, last.saturating_add(1), length),
        // The last COUNT bytes; none of none is no range.
        (None, Some(count)) if first.is_empty() => {
            if count == 0 {
                RangePart::Outside
            } else {
                within(length.saturating_sub(count), length, length)
            }
        }
        _ => RangePart::Whole,
    }
}

/// Whether a `Range` may be honoured: there is no `If-Range`, or it names this very version.
///
/// A date never does: no `Last-Modified` is sent, so a client cannot have got one from here.
pub(super) fn may_continue(if_range: Option<&str>, etag: &str) -> bool {
    if_range.is_none_or(|wanted| wanted.trim() == etag)
}

/// Whether an `If-None-Match` lists this version (weak comparison) or any.
pub(super) fn is_known(if_none_match: Option<&str>, etag: &str) -> bool {
    if_none_match.is_some_and(|list| {
        list.trim() == "*"
            || list
                .split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == etag)
    })
}

fn within(first: u64, end: u64, length: u64) -> RangePart {
    if first < length {
        RangePart::Some(first..end.min(length))
    } else {
        RangePart::Outside
    }
}

/// Decimal digits only; a number beyond any file is as good as the greatest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_any_header_asks_for_lies_within_the_file(
            header in prop_oneof![".{0,40}", "bytes ?= ?[0-9,+ -]{0,45}"],
            length in any::<u64>(),
        ) {
            if let RangePart::Some(part) = part(Some(&header), length) {
                prop_assert!(part.start < part.end && part.end <= length, "{part:?}");
            }
        }

        #[test]
        fn a_right_range_is_that_part_of_the_file(
            length in 1..=u64::MAX,
            places in any::<[prop::sample::Index; 2]>(),
        ) {
            // An index is of a collection; lengths of this machine's addresses are as good.
            let [a, b] = places.map(|place| place.index(usize::try_from(length).unwrap()) as u64);
            let (first, last) = (a.min(b), a.max(b));
            let whole = part(Some(&format!("bytes={first}-{last}")), length);
            prop_assert_eq!(whole, RangePart::Some(first..last + 1));
            let open = part(Some(&format!("bytes={first}-")), length);
            prop_assert_eq!(open, RangePart::Some(first..length));
            let end = part(Some(&format!("bytes=-{}", length - first)), length);
            prop_assert_eq!(end, RangePart::Some(first..length));
        }

        #[test]
        fn a_list_of_tags_knows_what_it_holds_and_nothing_else(
            others in prop::collection::vec("\"[b-z]{0,8}\"", 0..8),
            weak in any::<bool>(),
            noise in ".{0,40}",
        ) {
            let etag = "\"a-1\"";
            prop_assert!(!is_known(Some(&others.join(", ")), etag));
            let own = format!("{}{etag}", if weak { "W/" } else { "" });
            let all = [others, vec![own]].concat().join(", ");
            prop_assert!(is_known(Some(&all), etag));
            if is_known(Some(&noise), etag) {
                prop_assert!(noise.trim() == "*" || noise.contains(etag));
            }
        }
    }

    #[test]
    fn ranges_are_read_as_the_standard_writes_them() {
        for (header, wanted) in [
            ("bytes=0-499", RangePart::Some(0..500)),
            ("bytes=500-999", RangePart::Some(500..1_000)),
            ("bytes=999-", RangePart::Some(999..1_000)),
            ("bytes=-1", RangePart::Some(999..1_000)),
            ("bytes=-5000", RangePart::Some(0..1_000)),
            ("bytes=0-99999999999999999999999", RangePart::Some(0..1_000)),
            ("BYTES = 3-3", RangePart::Some(3..4)),
        ] {
            assert_eq!(part(Some(header), 1_000), wanted, "{header}");
        }
    }

    #[test]
    fn bytes_behind_the_end_are_outside() {
        for header in [
            "bytes=1000-",
            "bytes=1000-1001",
            "bytes=-0",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(part(Some(header), 1_000), RangePart::Outside, "{header}");
        }
        assert_eq!(part(Some("bytes=0-"), 0), RangePart::Outside);
        assert_eq!(part(Some("bytes=-5"), 0), RangePart::Outside);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_passed_over() {
        assert_eq!(part(None, 1_000), RangePart::Whole);
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-4",
            "bytes=+1-2",
            "bytes=0-1,5-6",
            "bytes=1--2",
            "items=0-1",
            "0-1",
        ] {
            assert_eq!(part(Some(header), 1_000), RangePart::Whole, "{header}");
        }
    }

    #[test]
    fn a_download_goes_on_only_in_the_same_version() {
        assert!(may_continue(None, "\"a-1\""));
        assert!(may_continue(Some("\"a-1\""), "\"a-1\""));
        for other in [
            "\"a-2\"",
            "W/\"a-1\"",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "a-1",
        ] {
            assert!(!may_continue(Some(other), "\"a-1\""), "{other}");
        }
    }

    #[test]
    fn a_version_that_the_client_has_is_not_sent_again() {
        for list in ["\"a-1\"", "\"x\", \"a-1\"", "W/\"a-1\"", "*"] {
            assert!(is_known(Some(list), "\"a-1\""), "{list}");
        }
        assert!(!is_known(None, "\"a-1\""));
        assert!(!is_known(Some("\"a-2\""), "\"a-1\""));
    }
}
