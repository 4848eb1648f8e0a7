//! `/compare?runs=A,B`: past runs side by side.

use std::path::Path;

use super::files;
use loadgen_report::{
    render::{self, Chosen},
    store,
};

/// Most runs; more columns do not fit a page.
const MOST: usize = 6;

/// The page that a query asks for; otherwise why there is none.
pub(super) fn page(root: &Path, query: &str) -> Result<render::ComparePage, String> {
    let (names, arm) = asked(query);
    if !(2..=MOST).contains(&names.len()) {
        return Err(format!("name two to {MOST} runs, like /compare?runs=A,B"));
    }
    let mut runs = Vec::new();
    for name in names {
        let folder = format!("/runs/{name}/summary.json");
        let (path, _) = files::resolve(root, &folder)
            .ok_or_else(|| "one of these runs has no summary below runs/".to_owned())?;
        let summary = store::load(&path).map_err(|error| error.to_string())?;
        runs.push(Chosen::of(name, summary, arm.as_deref())?);
    }
    let found = render::differences(&runs);
    render::compare_page(&runs, &found).map_err(|error| error.to_string())
}

/// Names of runs, and which arm of each. A name that is no plain one finds no file.
fn asked(query: &str) -> (Vec<String>, Option<String>) {
    let (mut names, mut arm) = (Vec::new(), None);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("runs", list)) => {
                let list = list.replace("%2C", ",").replace("%2c", ",");
                let wanted = list.split(',').filter(|name| !name.is_empty());
                names.extend(wanted.map(str::to_owned).take(MOST + 1));
            }
            Some(("arm", word)) if files::is_plain(word) => arm = Some(word.to_owned()),
            _ => {}
        }
    }
    (names, arm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_runs_and_an_arm_and_nothing_else_is_read() {
        let (names, arm) = asked("runs=a,b%2Cc&arm=before&x=1&runs=d");
        assert_eq!(names, ["a", "b", "c", "d"]);
        assert_eq!(arm.as_deref(), Some("before"));
        assert_eq!(asked("arm=%3Cscript%3E").1, None);
    }

    #[test]
    fn one_run_too_many_and_climbing_names_are_refused() {
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
        let summary = published.join("mentor_cache/summary.json");
        let root = tempfile::tempdir().unwrap();
        // The last one is a run too, but it lies outside.
        for name in ["a", "b", "c", "d", "e", "f", "g", "../outside"] {
            let folder = root.path().join("runs").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(&summary, folder.join("summary.json")).unwrap();
        }
        let asked = |query| page(root.path(), query).map(|page| page.html);
        assert!(asked("runs=a,b").unwrap().contains("mentor_cache"));
        assert!(asked("runs=a,b,c,d,e,f").is_ok());
        for query in ["", "runs=a", "runs=a,b,c,d,e,f,g"] {
            assert!(asked(query).unwrap_err().contains("two to 6"), "{query}");
        }
        for query in ["runs=a,../outside", "runs=..%2Foutside,a", "runs=a,none"] {
            assert!(asked(query).unwrap_err().contains("no summary"), "{query}");
        }
    }
}
