//! Every rule, applied to the tree as it is. `tests/planted` shows that each can fail.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use guards::{
    Violation, bans, circles,
    config::{self, Exception, Layers, Rules},
    crate_graph, documents,
    facts::RustFile,
    files, functions, layers, licences,
    manifests::{self, Package},
    modules::Crate,
    parse, prose, roles,
    tree::{SourceText, Tree},
    type_names, violation, vocabulary,
};

struct Repository {
    tree: Tree,
    files: Vec<RustFile>,
    packages: Vec<Package>,
    layers: Layers,
    rules: Rules,
    exceptions: Vec<Exception>,
}

fn guards_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn root() -> PathBuf {
    guards_folder().join("..")
}

/// The tree, read and parsed once for all tests.
fn repository() -> &'static Repository {
    static READ: OnceLock<Repository> = OnceLock::new();
    READ.get_or_init(|| {
        let tree = Tree::read(&root());
        let files = parse::parse_all(tree.ending("rs"));
        assert!(
            files.len() > 100,
            "the walk found too few files to mean anything: {}",
            files.len()
        );
        Repository {
            packages: manifests::packages(&tree),
            files,
            tree,
            layers: config::layers(guards_folder()),
            rules: config::rules(guards_folder()),
            exceptions: config::exceptions(guards_folder()),
        }
    })
}

/// Fails with every violation that no exception covers.
fn check(rule: &str, violations: &[Violation]) {
    let exceptions = &repository().exceptions;
    if let Err(text) = violation::judge(rule, violations, exceptions) {
        panic!("{text}");
    }
}

fn rust_sources() -> Vec<&'static SourceText> {
    repository().tree.ending("rs").collect()
}

fn crates() -> impl Iterator<Item = Crate<'static>> {
    let repository = repository();
    repository
        .packages
        .iter()
        .map(|package| Crate::of(&package.folder, &package.name, &repository.files))
}

#[test]
fn a_module_that_is_called_like_the_folder_of_what_is_built_is_read() {
    let path = "loadgen/src/calibration/target/mod.rs";
    let built = "target/debug";
    let sources: Vec<_> = rust_sources().iter().map(|one| one.path.as_str()).collect();
    assert!(sources.contains(&path), "{path} is missing");
    assert!(!sources.iter().any(|one| one.starts_with(built)));
}

#[test]
fn imports_inside_a_crate_run_downwards() {
    let tables = &repository().layers;
    let violations: Vec<_> = crates()
        .filter_map(|found| {
            let rules = tables.get(&found.folder)?;
            let mut violations = layers::upward_imports(&found, rules);
            violations.extend(layers::upward_imports_inside(&found, rules));
            Some(violations)
        })
        .flatten()
        .collect();
    check("layers", &violations);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let violations: Vec<_> = crates()
        .flat_map(|found| circles::circles(&found))
        .collect();
    check("circles", &violations);
}

#[test]
fn crates_depend_on_each_other_as_the_table_says() {
    let repository = repository();
    let mut violations = crate_graph::forbidden_arrows(&repository.packages, &repository.layers);
    violations.extend(crate_graph::circular_table(&repository.layers));
    violations.extend(
        crates().flat_map(|found| crate_graph::modules_not_listed(&found, &repository.layers)),
    );
    check("crate graph", &violations);
}

#[test]
fn no_manifest_names_a_crate_that_it_must_not_depend_on() {
    let repository = repository();
    let refused = &repository.rules.refused_dependencies;
    check(
        "refused dependencies",
        &crate_graph::refused_dependencies(&repository.packages, refused),
    );
}

#[test]
fn every_dependency_is_named_by_a_source_of_its_crate() {
    let repository = repository();
    let unnamed = &repository.rules.unnamed_dependencies;
    check(
        "unused dependencies",
        &crate_graph::unused_dependencies(&repository.packages, &repository.files, unnamed),
    );
}

#[test]
fn generic_crates_hold_no_word_of_the_application() {
    let repository = repository();
    let (rules, paths) = (&repository.rules.vocabulary, &repository.tree.paths);
    let mut violations = vocabulary::application_words(&repository.files, rules, paths);
    violations.extend(vocabulary::needless_words(rules, paths));
    check("vocabulary", &violations);
}

#[test]
fn no_file_is_longer_than_500_lines_and_no_mod_rs_longer_than_60() {
    check("length", &files::long_files(&rust_sources()));
}

#[test]
fn no_function_of_the_product_is_longer_than_100_lines() {
    let violations: Vec<_> = crates()
        .flat_map(|found| functions::long_functions(&found))
        .collect();
    check("function length", &violations);
}

#[test]
fn a_mod_rs_only_declares_and_re_exports() {
    check("mod.rs", &files::logic_in_mod(&repository().files));
}

#[test]
fn every_file_begins_with_its_purpose() {
    check("headers", &files::missing_headers(&rust_sources()));
}

#[test]
fn no_file_is_called_util_common_helpers_or_misc() {
    check("names", &files::vague_names(&rust_sources()));
}

#[test]
fn a_doc_comment_says_more_than_a_word() {
    let repository = repository();
    check(
        "doc comments",
        &files::empty_docs(&repository.files, &repository.rules.proper_names),
    );
}

#[test]
fn no_doc_comment_holds_an_example_that_nobody_runs() {
    check("doc examples", &files::doc_examples(&rust_sources()));
}

#[test]
fn http_is_known_where_a_feature_speaks_it_and_sql_not_there() {
    check("roles", &roles::foreign_types(&repository().files));
}

#[test]
fn a_feature_imports_only_service_and_model_of_another() {
    let violations: Vec<_> = crates()
        .flat_map(|found| roles::feature_imports(&found))
        .collect();
    check("features", &violations);
}

#[test]
fn migrations_hold_no_index_that_is_not_unique() {
    let sources = repository().tree.ending("sql");
    check("migrations", &files::indexes_in_migrations(sources));
}

#[test]
fn one_type_name_has_one_meaning() {
    let repository = repository();
    check(
        "type names",
        &type_names::repeated(&repository.files, &repository.rules.ecosystem_type_names),
    );
}

#[test]
fn documents_name_only_what_exists() {
    let repository = repository();
    check(
        "documents",
        &documents::broken_references(&repository.tree, &repository.rules.generated_paths),
    );
}

#[test]
fn documents_lead_to_headings_that_exist_and_say_a_thing_once() {
    let tree = &repository().tree;
    check("headings", &prose::broken_anchors(tree));
    check("repetitions", &prose::repeated_sentences(tree));
}

#[test]
fn the_dependency_tree_has_no_copyleft_and_one_tls_stack() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {error}");
    let metadata = licences::metadata(&String::from_utf8_lossy(&output.stdout));
    check(
        "licences",
        &licences::supply(&metadata, &repository().rules.supply),
    );
}

#[test]
fn every_ban_of_clippy_is_proven_and_suspended_only_where_it_is_listed() {
    let repository = repository();
    let (tree, files) = (&repository.tree, &repository.files);
    let mut settings = tree.ending("toml");
    let settings = settings
        .find(|source| source.path == bans::SETTINGS)
        .expect("the workspace has settings of clippy");
    check("bans", &bans::unproven(&settings.text, files));
    let listed = &repository.rules.suspended_bans;
    check("suspended bans", &bans::suspended(tree, files, listed));
}

#[test]
fn every_exception_names_a_rule_and_is_printed() {
    let source = include_str!("architecture.rs");
    for left in &repository().exceptions {
        println!(
            "tolerated by {}: {} ({}): {}",
            left.rule, left.at, left.size, left.reason
        );
    }
    for exception in &repository().exceptions {
        let used = source.contains(&format!("\"{}\"", exception.rule));
        assert!(
            used,
            "guards/exceptions.toml: no rule is called `{}`",
            exception.rule
        );
    }
}
