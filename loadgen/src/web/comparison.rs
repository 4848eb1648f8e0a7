//! `/compare?runs=A,B`: past runs side by side.

use std::path::Path;

use super::report_files::{self, is_plain_name};
use loadgen_report::{
    render::{self, Chosen},
    store,
};

/// Most runs; more columns do not fit a page.
const MAX_RUNS_COMPARED: usize = 6;

/// The page for a decoded query; the error says in one line why there is none.
pub(super) fn page(root: &Path, query: &[(String, String)]) -> Result<render::ComparePage, String> {
    let (names, arm) = requested(query);
    if !(2..=MAX_RUNS_COMPARED).contains(&names.len()) {
        return Err(format!(
            "name two to {MAX_RUNS_COMPARED} runs, like /compare?runs=A,B"
        ));
    }
    let mut runs = Vec::new();
    for name in names {
        let folder = format!("/runs/{name}/summary.json");
        let (path, _) = report_files::resolve(root, &folder)
            .ok_or_else(|| "one of these runs has no summary below runs/".to_owned())?;
        let summary = store::load(&path).map_err(|error| error.to_string())?;
        runs.push(Chosen::of(name.to_owned(), summary, arm)?);
    }
    let found = render::differences(&runs);
    let check = render::ComparisonCheck::of(&runs, &found, &[]);
    render::compare_page(&runs, &check).map_err(|error| error.to_string())
}

/// Names of runs, and which arm of each. A name that is not plain finds no file.
fn requested(query: &[(String, String)]) -> (Vec<&str>, Option<&str>) {
    let (mut names, mut arm) = (Vec::new(), None);
    for (key, value) in query {
        match key.as_str() {
            "runs" => {
                let wanted = value.split(',').filter(|name| !name.is_empty());
                names.extend(wanted.take(MAX_RUNS_COMPARED + 1));
            }
            "arm" if is_plain_name(value) => arm = Some(value.as_str()),
            _ => {}
        }
    }
    (names, arm)
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    /// A query as the route receives it.
    fn decoded(query: &str) -> Vec<(String, String)> {
        let uri = format!("/compare?{query}").parse().unwrap();
        Query::try_from_uri(&uri).unwrap().0
    }

    #[test]
    fn a_query_names_runs_and_an_arm_and_nothing_else_is_read() {
        let query = decoded("runs=a,b%2Cc&arm=before&x=1&runs=d");
        let (names, arm) = requested(&query);
        assert_eq!(names, ["a", "b", "c", "d"]);
        assert_eq!(arm, Some("before"));
        assert_eq!(requested(&decoded("arm=%3Cscript%3E")).1, None);
    }

    #[test]
    fn one_run_too_many_and_paths_out_of_the_folder_are_refused() {
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
        let summary = published.join("mentor_cache/summary.json");
        let root = tempfile::tempdir().unwrap();
        // The last one is a run too, but it lies outside.
        for name in ["a", "b", "c", "d", "e", "f", "g", "../outside"] {
            let folder = root.path().join("runs").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(&summary, folder.join("summary.json")).unwrap();
        }
        let html = |query: &str| page(root.path(), &decoded(query)).map(|page| page.html);
        assert!(html("runs=a,b").unwrap().contains("mentor_cache"));
        assert!(html("runs=a,b,c,d,e,f").is_ok());
        for query in ["", "runs=a", "runs=a,b,c,d,e,f,g"] {
            assert!(html(query).unwrap_err().contains("two to 6"), "{query}");
        }
        for query in ["runs=a,../outside", "runs=..%2Foutside,a", "runs=a,none"] {
            assert!(html(query).unwrap_err().contains("no summary"), "{query}");
        }
    }
}
