//! Commands that the page starts, with a script in place of this program.

use std::{os::unix::fs::PermissionsExt as _, path::Path, time::Instant};

use super::*;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// Orders that run `script` instead of this program.
fn orders(folder: &Path, script: &str) -> (Orders, Board) {
    let program = folder.join("program.sh");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let offer = |name: &str| Offer {
        name: name.into(),
        question: "why?".into(),
    };
    let board = Board::default();
    let starter = Starter {
        program,
        arguments: vec!["--target=http://127.0.0.1:1".into()],
        environment: BTreeMap::from([("LOADGEN_LAB_TOKEN".into(), "secret".into())]),
        catalogue: Catalogue {
            suites: vec![offer("smoke")],
            experiments: vec![offer("mentor_cache")],
        },
    };
    let orders = Orders::new(Some(starter), board.clone());
    orders.open();
    (orders, board)
}

fn order(text: &str) -> Order {
    serde_json::from_str(text).unwrap()
}

/// Waits until the board says `word`.
async fn until(board: &Board, word: &str) -> String {
    let begun = Instant::now();
    loop {
        let said = board.json();
        if said.contains(word) {
            return said;
        }
        assert!(begun.elapsed() < LONG, "no `{word}` in {said}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn only_shipped_names_become_words_of_a_command() {
    let offer = |name: &str| Offer {
        name: name.into(),
        question: String::new(),
    };
    let catalogue = Catalogue {
        suites: vec![offer("smoke")],
        experiments: vec![offer("mentor_cache")],
    };
    let said = |text: &str| words(&order(text), &catalogue);
    assert_eq!(said(r#"{"suite": "smoke"}"#).unwrap(), ["run", "smoke"]);
    assert_eq!(
        said(r#"{"experiment": "mentor_cache", "quick": true}"#).unwrap(),
        ["experiment", "mentor_cache", "--quick"]
    );
    for wrong in [
        r#"{"suite": "/etc/passwd"}"#,
        r#"{"suite": "--help"}"#,
        r#"{"suite": "mentor_cache"}"#,
        r#"{"suite": "smoke", "experiment": "mentor_cache"}"#,
        r#"{"suite": "smoke", "quick": true}"#,
        "{}",
    ] {
        assert!(said(wrong).is_err(), "{wrong}");
    }
    assert!(serde_json::from_str::<Order>(r#"{"suite": "smoke", "target": "x"}"#).is_err());
}

#[tokio::test]
async fn a_childs_events_are_shown_its_load_is_steered_and_it_is_stopped_by_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (orders, board) = orders(
        folder.path(),
        r#"
        trap 'echo "{\"event\":\"note\",\"data\":\"stopped\"}"; exit 130' INT
        echo "{\"event\":\"note\",\"data\":\"$* $LOADGEN_LAB_TOKEN\"}"
        echo nonsense
        echo '{"event":"steerable","data":{"kind":"rate","now":10.0,"most":100.0}}'
        read wish
        echo "$wish" > "$(dirname "$0")/wish"
        echo '{"event":"note","data":"heard"}'
        while true; do sleep 0.05; done"#,
    );
    let started = orders.take(&order(r#"{"suite": "smoke"}"#)).unwrap();
    assert_eq!(started, "run smoke");
    let busy = orders.take(&order(r#"{"suite": "smoke"}"#));
    assert!(matches!(busy, Err(NotTaken::Busy)));
    let said = until(&board, "control-from").await;
    assert!(said.contains(
        "run smoke --target=http://127.0.0.1:1 --quiet --events-to - --control-from - secret"
    ));
    until(&board, r#""most":100.0"#).await;
    board.wish(ControlEvent::Rate(50.0)).unwrap();
    until(&board, "heard").await;
    let wish = std::fs::read_to_string(folder.path().join("wish")).unwrap();
    assert_eq!(wish, "{\"rate\":50.0}\n");
    board.stop().unwrap();
    let said = until(&board, r#""running":false"#).await;
    assert!(
        said.contains("stopped") && said.contains(r#""failure":null"#),
        "{said}"
    );
    assert!(matches!(
        board.wish(ControlEvent::Rate(5.0)),
        Err(crate::web::board::Refused::Idle)
    ));
}

#[tokio::test]
async fn a_child_that_fails_says_why_and_the_next_one_may_start() {
    let folder = tempfile::tempdir().unwrap();
    let (orders, board) = orders(folder.path(), "echo 'error: nobody answers' >&2; exit 2");
    orders.take(&order(r#"{"suite": "smoke"}"#)).unwrap();
    let said = until(&board, r#""running":false"#).await;
    assert!(said.contains(r#""failure":"nobody answers""#), "{said}");
    orders
        .take(&order(r#"{"experiment": "mentor_cache"}"#))
        .unwrap();
    orders.finish().await;
    assert!(matches!(
        orders.take(&order(r#"{"suite": "smoke"}"#)),
        Err(NotTaken::Busy)
    ));
}

#[tokio::test]
async fn a_server_that_ends_stops_its_child() {
    let folder = tempfile::tempdir().unwrap();
    let (orders, board) = orders(
        folder.path(),
        r#"
        trap 'touch "$(dirname "$0")/gone"; exit 130' INT
        echo '{"event":"note","data":"there"}'
        while true; do sleep 0.05; done"#,
    );
    orders.take(&order(r#"{"suite": "smoke"}"#)).unwrap();
    until(&board, "there").await;
    timeout(LONG, orders.finish()).await.unwrap();
    assert!(folder.path().join("gone").exists());
    assert!(board.json().contains(r#""running":false"#));
}

#[tokio::test]
async fn lines_are_read_one_by_one_and_a_page_of_one_command_takes_no_order() {
    let mut reader = BufReader::with_capacity(4, &b"one\n\nlonger than the buffer\nrest"[..]);
    let mut line = Vec::new();
    let mut all = Vec::new();
    while next_line(&mut reader, &mut line).await.unwrap() {
        all.push(String::from_utf8(line.clone()).unwrap());
    }
    assert_eq!(all, ["one", "", "longer than the buffer", "rest"]);
    let closed = Orders::new(None, Board::default());
    let refusal = closed.take(&order(r#"{"suite": "smoke"}"#)).unwrap_err();
    assert!(refusal.to_string().contains("loadgen serve"));
}
