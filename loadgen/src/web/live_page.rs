//! The page itself: one file with everything inline, which talks to this server only. Its
//! content security policy names the digests of its one style and its one script.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{AutoEscape, Environment, context};
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("../../assets/web/page.html");
/// The charts' own style, and the page's.
const STYLE: &str = concat!(
    include_str!("../../assets/vendor/uplot-1.6.32/uPlot.min.css"),
    include_str!("../../assets/web/base.css"),
    include_str!("../../assets/web/page.css"),
);
/// The library that draws, and what the page does with it.
const SCRIPT: &str = concat!(
    include_str!("../../assets/vendor/uplot-1.6.32/uPlot.iife.min.js"),
    "\n",
    include_str!("../../assets/web/charts.js"),
    include_str!("../../assets/web/runs.js"),
    include_str!("../../assets/web/page.js"),
);

/// What the page may load, run and ask.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; connect-src 'self'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
});

/// The page, with the token that its buttons need.
pub(super) fn render(token: &str) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE)?;
    environment
        .get_template("page")?
        .render(context! { token, style => STYLE, script => SCRIPT })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_what_its_policy_names_and_asks_no_other_site() {
        let page = render("a\"><script>").unwrap();
        assert!(page.contains(STYLE) && page.contains(SCRIPT));
        assert!(!page.contains("\"><script>"));
        // One style and one script, so that neither text may end its element.
        assert_eq!(page.matches("</script").count(), 1);
        assert_eq!(page.matches("</style").count(), 1);
        // Who has switched scripts off is told so, and not left with "connecting".
        assert!(PAGE.contains("<noscript>"));
        for word in [" src=", "<link", "@import", "url(", " style=", " onclick="] {
            assert!(!PAGE.contains(word), "{word}");
        }
        assert!(POLICY.contains("connect-src 'self'") && !POLICY.contains("unsafe"));
    }

    #[test]
    fn every_element_that_the_script_names_exists_once() {
        let all = |text: &'static str, before: &str| -> Vec<&'static str> {
            let parts = text.split(before).skip(1);
            parts.filter_map(|part| part.split('"').next()).collect()
        };
        let ids = all(PAGE, " id=\"");
        for id in &ids {
            let same = ids.iter().filter(|other| *other == id).count();
            assert_eq!(same, 1, "{id}");
        }
        let named = all(include_str!("../../assets/web/page.js"), "byId(\"");
        assert!(named.len() > 20, "{named:?}");
        for id in named {
            assert!(ids.contains(&id), "{id}");
        }
    }
}
