//! What the script of the live page makes of figures that are given to it: moments of a run that a real one
//! comes to too rarely to wait for.

use serde_json::{Value, json};

use crate::support::{Browser, Page, Served};

/// The page of a server without runs, once it is connected.
fn idle<'a>(browser: &'a Browser, served: &Served) -> Page<'a> {
    let page = browser.open(served.url());
    page.until("byId('state').textContent === 'idle'");
    page
}

#[test]
fn commas_inside_of_a_value_do_not_end_it() {
    let browser = Browser::start();
    let served = Served::folder(&browser.folder());
    let page = idle(&browser, &served);
    let text = json!("auth.hash=argon2id(19456,2,1), pool.max=5\nauth.placement=bounded(32),");
    assert_eq!(
        page.eval::<Value>(&format!("separate({text})")),
        json!([
            "auth.hash=argon2id(19456,2,1)",
            "pool.max=5",
            "auth.placement=bounded(32)"
        ])
    );
}
