//! Rules that look at one file at a time, and type names.

use std::collections::{BTreeMap, BTreeSet};

use guards::{config::Vocabulary, files, roles, tree::SourceText, type_names, vocabulary};

use super::{files as parsed, sources, subjects, tree};

fn roles_of(path: &str, text: &str) -> usize {
    roles::foreign_types(&parsed(&[(path, text)])).len()
}

#[test]
fn http_in_a_repository_is_caught_in_files_and_in_folders() {
    let features = "target-app/src/features";
    for path in [
        "rooms/repository.rs",
        "rooms/repository/list.rs",
        "rooms/repository_batch.rs",
    ] {
        let path = format!("{features}/{path}");
        assert_eq!(roles_of(&path, "use axum::Json;"), 1, "{path}");
        assert_eq!(
            roles_of(&path, "use crate::{\n    error::ApiError,\n};"),
            1,
            "{path}"
        );
        assert_eq!(
            roles_of(&path, "fn f() -> http::Method { m() }"),
            1,
            "{path}"
        );
        assert_eq!(
            roles_of(&path, "use sqlx::PgConnection; // axum"),
            0,
            "{path}"
        );
    }
}

#[test]
fn http_in_a_service_and_sql_in_a_handler_are_caught() {
    let service = "target-app/src/features/rooms/service.rs";
    assert_eq!(roles_of(service, "use crate::http::AuthUser;"), 1);
    assert_eq!(roles_of(service, "use axum::http::StatusCode;"), 1);
    assert_eq!(
        roles_of(service, "use crate::error::ApiError; use sqlx::Row;"),
        0
    );
    for handlers in [
        "rooms/handlers.rs",
        "rooms/handlers/list.rs",
        "rooms/extractor.rs",
        "rooms/socket.rs",
        "rooms/response.rs",
    ] {
        let handlers = format!("target-app/src/features/{handlers}");
        assert_eq!(
            roles_of(&handlers, "fn f() { sqlx::query(\"select 1\"); }"),
            1
        );
        assert_eq!(
            roles_of(&handlers, "use axum::Json; use super::service;"),
            0
        );
    }
}

#[test]
fn http_is_caught_in_every_file_of_a_feature_but_those_that_speak_it() {
    let imports = [
        "use crate::http::read_object;",
        "use axum::extract::ws::Utf8Bytes;",
        "use http_body_util::BodyExt as _;",
        "fn f() -> u16 { StatusCode::OK.as_u16() }",
    ];
    for (path, caught) in [
        ("rooms/events.rs", 1),
        ("rooms/frames.rs", 1),
        ("rooms/worker.rs", 1),
        ("rooms/model.rs", 1),
        ("rooms/mod.rs", 1),
        ("rooms/strategy/naive.rs", 1),
        ("rooms/socket/naive.rs", 1),
        ("rooms/handlers.rs", 0),
        ("rooms/handlers/list.rs", 0),
        ("rooms/extractor.rs", 0),
        ("rooms/socket.rs", 0),
        ("rooms/response.rs", 0),
        ("all.rs", 0),
    ] {
        let path = format!("target-app/src/features/{path}");
        for import in imports {
            assert_eq!(roles_of(&path, import), caught, "{path}: {import}");
        }
    }
    assert_eq!(roles_of("target-app/src/realtime/wire.rs", imports[1]), 0);
}

#[test]
fn a_file_of_501_lines_and_a_mod_rs_of_61_are_too_long() {
    let lines = |count| "//\n".repeat(count);
    let check =
        |path: &str, count| files::long_files(&[&SourceText::new(path, &lines(count))]).len();
    assert_eq!(check("a/src/x.rs", 501), 1);
    assert_eq!(check("a/src/x.rs", 500), 0);
    assert_eq!(check("a/src/mod.rs", 61), 1);
    assert_eq!(check("a/src/mod.rs", 60), 0);
}

#[test]
fn a_file_without_a_header_is_caught() {
    let check = |text: &str| files::missing_headers(&[&SourceText::new("a/src/x.rs", text)]).len();
    assert_eq!(check("use std::fs;\n"), 1);
    assert_eq!(check("// A comment is none.\n"), 1);
    assert_eq!(check("//! Reads files.\nuse std::fs;\n"), 0);
}

#[test]
fn vague_names_of_files_and_folders_are_caught() {
    let check = |path: &str| files::vague_names(&[&SourceText::new(path, "")]).len();
    assert_eq!(check("a/src/util.rs"), 1);
    assert_eq!(check("a/tests/common/mod.rs"), 1);
    assert_eq!(check("a/src/utilisation.rs"), 0);
}

#[test]
fn logic_in_a_mod_rs_is_caught_whatever_stands_before_it() {
    let check = |text: &str| files::logic_in_mod(&parsed(&[("a/src/b/mod.rs", text)])).len();
    for text in [
        "pub(crate) async fn f() {}",
        "impl<T> Clone for S<T> { fn clone(&self) -> Self { S } }",
        "macro_rules! m { () => {} }",
        "thread_local! { static A: u8 = 1; }",
        "mod inner { const fn f() {} }",
    ] {
        assert_eq!(check(text), 1, "{text}");
    }
    let legal = "mod a; pub use a::A; pub const N: u8 = 1; #[cfg(test)] mod tests { fn f() {} }";
    assert_eq!(check(legal), 0);
    assert_eq!(
        files::logic_in_mod(&parsed(&[("a/src/b.rs", "fn f() {}")])).len(),
        0
    );
}

#[test]
fn doc_comments_of_one_word_are_caught() {
    let names = ["PostgreSQL".to_owned()];
    let check = |text: &str| files::empty_docs(&parsed(&[("a/src/b.rs", text)]), &names).len();
    for text in [
        "/// Which.\nstruct S;",
        "///\nstruct S;",
        "struct S {\n    /// .\n    a: u8,\n}",
    ] {
        assert_eq!(check(text), 1, "{text}");
    }
    for text in [
        "/// Which operation.\nstruct S;",
        "/// `mentors.list`.\nstruct S;",
        "/// PostgreSQL.\nstruct S;",
        "/// A long sentence with one word on the last\n/// line.\nstruct S;",
        "#[cfg(test)]\nmod tests {\n    /// Which.\n    struct S;\n}",
    ] {
        assert_eq!(check(text), 0, "{text}");
    }
}

#[test]
fn examples_in_doc_comments_are_caught() {
    let check = |text: &str| files::doc_examples(&[&SourceText::new("a/src/b.rs", text)]).len();
    for text in [
        "/// Adds.\n///\n/// ```\n/// add(1, 2);\n/// ```\nfn add() {}",
        "//! A crate.\n//! ```rust,no_run\n//! run();\n//! ```",
        "    /// ```should_panic\n    /// add(1);\n    /// ```",
    ] {
        assert_eq!(check(text), 1, "{text}");
    }
    for text in [
        "/// ```text\n/// a + b\n/// ```\nfn f() {}",
        "//! ```yaml\n//! a: 1\n//! ```\n//! and\n//! ```json\n//! {}\n//! ```",
        "// ```\nfn f() {}",
    ] {
        assert_eq!(check(text), 0, "{text}");
    }
}

#[test]
fn an_index_in_a_migration_is_caught_over_lines_and_in_any_case() {
    let check = |text: &str| {
        let sources = sources(&[("target-app/migrations/0001_a.sql", text)]);
        files::indexes_in_migrations(sources.iter()).len()
    };
    assert_eq!(check("CREATE  INDEX a_idx ON a (b);"), 1);
    assert_eq!(
        check("create table a (b int); create\n    index if not exists a_idx on a (b);"),
        1
    );
    assert_eq!(
        check("create unique index a_idx on a (b); -- create index\n"),
        0
    );
    assert_eq!(check("create index a_b_purge_idx on a (b);"), 0);
    let elsewhere = sources(&[(
        "target-app/optimizations/a/up.sql",
        "create index a on b (c);",
    )]);
    assert_eq!(files::indexes_in_migrations(elsewhere.iter()).len(), 0);
}

#[test]
fn words_of_the_application_are_caught_in_names_texts_and_comments() {
    let rules = Vocabulary {
        folders: vec!["engine".to_owned()],
        features: "app/features".to_owned(),
        general: Vec::new(),
        words: ["mentor", "mentors", "target-app"]
            .map(str::to_owned)
            .to_vec(),
        other_meaning: [("engine/src/stats".to_owned(), vec!["mentor".to_owned()])].into(),
    };
    let none = BTreeSet::new();
    let check = |path: &str, text: &str| {
        vocabulary::application_words(&parsed(&[(path, text)]), &rules, &none).len()
    };
    for text in [
        "struct MentorId;",
        "fn list_mentors() {}",
        "const A: &str = \"mentors.list\";",
        "// As mentors do.\n",
        "const MENTOR_COUNT: u8 = 1;",
    ] {
        assert_eq!(check("engine/src/a.rs", text), 1, "{text}");
    }
    assert_eq!(
        check("engine/src/a.rs", "struct Mentoring; fn commentors() {}"),
        0
    );
    assert_eq!(
        check(
            "engine/src/a.rs",
            "#[cfg(test)]\nmod tests {\n    fn mentors() {}\n}"
        ),
        0
    );
    for text in [
        "const A: &str = \"target-app\";",
        "// As in target-app-2.\n",
        "struct TargetApp;",
        "fn target_app() {}",
    ] {
        assert_eq!(check("engine/src/a.rs", text), 1, "{text}");
    }
    assert_eq!(
        check("engine/src/a.rs", "// A target of an app, an app-target.\n"),
        0
    );
    assert_eq!(check("engine/src/stats/a.rs", "fn mentor() {}"), 0);
    assert_eq!(check("engine/src/stats/a.rs", "fn mentors() {}"), 1);
    assert_eq!(check("engine/src/a_tests.rs", "fn mentors() {}"), 0);
    assert_eq!(check("engine/tests/a.rs", "fn mentors() {}"), 0);
    assert_eq!(check("codeconnect/src/a.rs", "fn mentors() {}"), 0);
}

#[test]
fn the_name_of_a_feature_is_a_word_of_the_application_and_so_is_its_singular() {
    let application = tree(&[
        ("app/features/bookings/service.rs", ""),
        ("app/features/chat/audit/01_order.sql", ""),
        ("app/features/enquiries/mod.rs", ""),
        ("app/features/recordings/mod.rs", ""),
        ("app/features/video_classes/mod.rs", ""),
        ("app/features/mod.rs", ""),
        ("app/lab/reset.rs", ""),
    ]);
    let rules = |general: &[&str], words: &[&str]| Vocabulary {
        folders: vec!["engine".to_owned()],
        features: "app/features".to_owned(),
        general: general.iter().map(|&word| word.to_owned()).collect(),
        words: words.iter().map(|&word| word.to_owned()).collect(),
        other_meaning: BTreeMap::new(),
    };
    let check = |text: &str| {
        let file = parsed(&[("engine/src/a.rs", text)]);
        let rules = rules(&["recording"], &["lesson"]);
        vocabulary::application_words(&file, &rules, &application.paths).len()
    };
    for text in [
        "struct BookingId;",
        "fn bookings() {}",
        "// As in a chat.\n",
        "// An enquiry.\n",
        "struct VideoClass;",
        "fn video_classes() {}",
        "fn recordings() {}",
        "fn lesson() {}",
    ] {
        assert_eq!(check(text), 1, "{text}");
    }
    for text in [
        "fn recording() {}",
        "struct Class;",
        "fn reset() {}",
        "mod features;",
    ] {
        assert_eq!(check(text), 0, "{text}");
    }
    let needless = |general: &[&str], words: &[&str]| {
        let rules = rules(general, words);
        let found = vocabulary::needless_words(&rules, &application.paths);
        subjects(&found).join(" ")
    };
    assert_eq!(needless(&["recording"], &["lesson"]), "");
    assert_eq!(needless(&[], &["booking", "lesson"]), "booking");
    assert_eq!(needless(&["session"], &[]), "session");
}

#[test]
fn a_type_name_used_twice_is_caught_across_crates() {
    let files = parsed(&[
        (
            "a/src/x.rs",
            "pub struct Plan; pub(crate) enum Kind { A } pub enum Error { A } struct Own;",
        ),
        (
            "b/src/y.rs",
            "pub(super) trait Plan {} pub type Kind = u8; pub struct Error; struct Own;",
        ),
        (
            "c/src/z.rs",
            "#[cfg(test)] mod tests { pub struct Plan; } mod m { pub struct Only; }",
        ),
    ]);
    let violations = type_names::repeated(&files, &["Error".to_owned()]);
    assert_eq!(subjects(&violations), ["Kind", "Plan"]);
    assert_eq!(violations[1].size, 2);
}
