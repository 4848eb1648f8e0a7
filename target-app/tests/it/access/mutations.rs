//! Every change with the cached values that it makes wrong: each is done, and its values are gone while
//! every other one is still there. The changes and the values of a feature are in `operations.rs` in the folder
//! of its tests.

use std::{collections::BTreeSet, time::Duration};

use shared::timing::ServerCount;

use super::{
    operations::{self, mutations, values},
    stage::{self, Stage},
};

/// Names of the values that are not cached; they are, afterwards.
async fn missing(stage: &Stage) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (name, client, path) in values(stage) {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        if answer.timing().counts[ServerCount::Misses] > 0 {
            found.insert(name);
        }
    }
    found
}

/// Payments that the provider has said to be captured.
async fn captured(stage: &Stage) -> i64 {
    let captured = "select count(*) from payment where status = 'captured'";
    stage.app.db.count(captured).await
}

/// Waits until one more is, and its event has ended what it makes wrong.
async fn wait_for_the_event(stage: &Stage, before: i64) {
    for _ in 0..1_500 {
        if captured(stage).await > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The event comes by a request, which is answered after that.
    stage.app.wait_for_requests(..=0_u64).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn every_change_ends_the_values_that_show_it_and_no_others() {
    for store in ["memory", "redis", "tiered"] {
        let stage = Stage::start(&["bookings.payment=required"], Some(store)).await;
        let mut wrong = Vec::new();
        for (operation, actor, expected) in mutations() {
            let request = stage.request(operation).await;
            missing(&stage).await;
            assert_eq!(
                missing(&stage).await,
                BTreeSet::new(),
                "{operation}: not cached"
            );
            let captured = captured(&stage).await;
            let answer = request.send(&actor.client(&stage)).await;
            assert!(answer.status < 300, "{operation}: {}", answer.text());
            if *operation == "payments.confirm" {
                wait_for_the_event(&stage, captured).await;
            }
            let found = missing(&stage).await;
            if found != expected.iter().copied().collect() {
                wrong.push(format!("{store} {operation}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        stage.app.lab().audits_clean().await;
        stage.app.finish().await;
    }
}

#[test]
fn every_mutation_has_one_row_in_the_file_of_its_feature() {
    let mut named = BTreeSet::new();
    let mut wrong = Vec::new();
    for (feature, of_feature) in operations::features() {
        for (operation, ..) in of_feature.mutations {
            let file = format!("tests/it/{feature}/operations.rs");
            let place = operations::place(operation, "operations.rs");
            if file != place {
                wrong.push(format!("{file}: {operation} belongs into {place}"));
            }
            if !named.insert(*operation) {
                wrong.push(format!("{file}: {operation} has two rows"));
            }
        }
    }
    let all = stage::mutations();
    wrong.extend(operations::differences("operations.rs", &all, &named));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
