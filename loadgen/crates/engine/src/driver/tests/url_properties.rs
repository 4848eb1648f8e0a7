//! Any text as a URL or a path: refused, or sent as a target line that reads as the same again.

use http::{HeaderValue, uri::Authority};
use proptest::prelude::*;

use crate::{
    driver::{ResolveRule, TargetUrl},
    request::Request,
};

/// Any text, with more of those that are nearly a URL.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,30}",
        "(http|HTTPS?|ftp)://.{0,30}",
        "https?://[a-z0-9.@:%\\[\\]_\u{e4}\u{ff20}\u{ff1a}\u{3002}-]{0,16}(:[0-9a-z+-]{0,6})?[/?#\\\\]?[ -~\u{e4}\\r\\n\\t\\x00\\x7f]{0,20}",
        "https?://[a-z0-9.]{1,9}/([.%/?a-z0-9'\"<>|^`{}\\[\\];&=-]|%2e|%0d|%00){0,20}",
    ]
}

fn has_break(text: &str) -> bool {
    text.contains(|letter: char| letter.is_control())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_is_a_url_that_reads_as_the_same_again_or_refused(text in text()) {
        match TargetUrl::parse(&text) {
            Ok(url) => {
                prop_assert!(!has_break(&text), "{url:?}");
                let scheme = if url.encrypted { "https" } else { "http" };
                let written = format!("{scheme}://{}{}", url.host, url.path);
                prop_assert_eq!(TargetUrl::parse(&written), Ok(url.clone()), "{}", written);
                prop_assert!(url.path.starts_with('/'), "{url:?}");
                prop_assert!(url.path.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
                let sent = Request::get(url.path.as_str()).path;
                prop_assert_eq!(sent.as_str(), url.path.as_str(), "the target line");
                prop_assert!(HeaderValue::from_str(&url.host).is_ok(), "{url:?}");
                prop_assert!(Authority::try_from(url.host.as_str()).is_ok(), "{url:?}");
            }
            Err(error) => {
                let error = error.to_string();
                prop_assert!(error.contains("http://127.0.0.1:8080"), "{error}");
            }
        }
    }

    #[test]
    fn any_text_is_one_path_of_visible_ascii(text in prop_oneof![".{0,30}", "/([.%/?#a-z'\" \\\\|^{}\u{e4}\n]|%2e){0,20}"]) {
        let path = Request::get(text.as_str()).path;
        prop_assert!(path.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
        prop_assert!(path.as_str().starts_with('/'), "{path}");
        prop_assert!(!path.as_str().contains('#'), "{path}");
        prop_assert_eq!(&Request::get(path.as_str()).path, &path);
        if has_break(&text) {
            prop_assert_eq!(path.as_str(), "/no-path-at-all");
        }
    }

    #[test]
    fn any_text_is_a_rule_of_addresses_or_refused(text in prop_oneof![".{0,30}", "[a-z.\\[:\\]]{0,9}:[0-9]{0,6}:[0-9a-f.:,\\[\\]]{0,20}"]) {
        let _read = text.parse::<ResolveRule>();
    }
}
