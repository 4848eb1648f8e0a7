//! No files of a crate import each other in a circle.
//!
//! An import counts from the file that writes it to the file that defines the name; a `mod.rs`
//! that only re-exports is looked through. A circle means that none of its files can be read,
//! tested or moved without all the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Violation,
    modules::{Crate, Resolved},
    tree,
};

/// Imports between files: from each file to those it needs, with the line of one import.
type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, usize>>;

/// Every circle of files in the crate. `at` is the folder that all its files lie in.
pub fn circles(found: &Crate<'_>) -> Vec<Violation> {
    let graph = imports(found);
    components(&graph)
        .into_iter()
        .map(|mut files| {
            files.sort_unstable();
            let at = shared_folder(&files);
            let names: Vec<_> = files
                .iter()
                .map(|file| file.strip_prefix(&format!("{at}/")).unwrap_or(file))
                .collect();
            Violation {
                size: files.len(),
                message: format!(
                    "{at}: {} files import each other in a circle: {}; one way round: {}",
                    files.len(),
                    names.join(", "),
                    way_round(&graph, &files)
                ),
                at,
            }
        })
        .collect()
}

/// Which file of the crate needs which.
fn imports<'a>(found: &Crate<'a>) -> Graph<'a> {
    let mut graph = Graph::new();
    for (path, file) in found.files() {
        let needs = graph.entry(file.path.as_str()).or_default();
        for (scope, written, line) in file.all_paths() {
            let module = Crate::module(path, scope);
            if let Some(Resolved::Item(target)) = found.resolve(&module, written)
                && let Some(other) = found.file_of(&target)
                && other.path != file.path
            {
                needs.entry(other.path.as_str()).or_insert(line);
            }
        }
    }
    graph
}

/// Strongly connected components of more than one file, by reachability: crates are small.
fn components<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|start| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&str> = vec![start];
            while let Some(file) = open.pop() {
                for next in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
                    if seen.insert(*next) {
                        open.push(next);
                    }
                }
            }
            (*start, seen)
        })
        .collect();
    let mut placed = BTreeSet::new();
    let mut found = Vec::new();
    for file in graph.keys() {
        if placed.contains(file) || !reach[file].contains(file) {
            continue;
        }
        let circle: Vec<&str> = reach[file]
            .iter()
            .copied()
            .filter(|other| reach.get(other).is_some_and(|back| back.contains(file)))
            .collect();
        placed.extend(circle.iter().copied());
        found.push(circle);
    }
    found
}

/// The shortest circle through the first file, as a reader would follow it.
fn way_round(graph: &Graph<'_>, files: &[&str]) -> String {
    let start = files[0];
    let mut from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = std::collections::VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for next in graph[file].keys().filter(|next| files.contains(next)) {
            if !from.contains_key(next) {
                from.insert(next, file);
                open.push_back(next);
            }
        }
    }
    let mut way = vec![tree::file_name(start).to_owned()];
    let mut at = start;
    while let Some(before) = from.get(at) {
        way.push(format!("{}:{}", tree::file_name(before), graph[before][at]));
        at = before;
        if at == start {
            break;
        }
    }
    way.reverse();
    way.join(" -> ")
}

fn shared_folder(files: &[&str]) -> String {
    let mut folder = tree::folder(files[0]);
    while !files.iter().all(|file| tree::is_in(file, folder)) {
        folder = tree::folder(folder);
    }
    folder.to_owned()
}
