//! Imports inside a crate run downwards: each top-level module has a layer in `layers.toml`, and
//! imports only lower layers, or those of its own layer that are listed as `sideways`. So do imports
//! among the modules of a module that is listed under `inside`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Violation,
    config::CrateRules,
    modules::{Crate, Resolved},
};

/// One import from a top-level module to another: `(from, to)`, and the files that write it, each
/// with a line.
type Arrows = BTreeMap<(String, String), BTreeMap<String, usize>>;

/// Imports that run upwards or sideways, modules without a layer, and entries of the table that
/// nothing needs. `at` is the arrow, the module or the crate's folder.
pub fn upward_imports(found: &Crate<'_>, rules: &CrateRules) -> Vec<Violation> {
    let arrows = arrows(found);
    let mut modules = found.top_modules();
    modules.retain(|module| !is_root(module));
    if rules.layers.is_empty() && modules.len() > 1 {
        return vec![Violation::new(
            &found.folder,
            format!(
                "guards/layers.toml: `{}` has no layers; its imports suggest\n{}",
                found.folder,
                suggestion(&modules, &arrows)
            ),
        )];
    }
    let rank = ranks(&rules.layers);
    let mut violations = Vec::new();
    // A crate of one module needs no layers.
    if !rules.layers.is_empty() {
        violations.extend(unlisted_and_absent(&found.folder, "", &modules, &rank));
    }
    let mut sideways = BTreeSet::new();
    for ((from, to), places) in &arrows {
        let arrow = format!("{from} -> {to}");
        if is_root(to) {
            for (file, line) in places {
                violations.push(Violation::new(
                    &arrow,
                    format!(
                        "{file}:{line}: `{arrow}`: the root only lists modules; name the module"
                    ),
                ));
            }
        }
        let (Some(own), Some(other)) = (rank.get(from.as_str()), rank.get(to.as_str())) else {
            continue;
        };
        let listed = own == other && rules.sideways.contains(&arrow);
        if listed {
            sideways.insert((from.clone(), to.clone()));
        } else if other >= own {
            let how = if other > own {
                "imports a higher layer"
            } else {
                "imports its own layer, which guards/layers.toml does not list as `sideways`"
            };
            for (file, line) in places {
                violations.push(Violation::new(
                    &arrow,
                    format!("{file}:{line}: `{arrow}` {how}"),
                ));
            }
        }
    }
    violations.extend(wrong_sideways(&found.folder, rules, &sideways));
    violations
}

/// Modules without a layer, and entries without a module; `parent` stands before their names.
fn unlisted_and_absent(
    folder: &str,
    parent: &str,
    modules: &BTreeSet<String>,
    rank: &BTreeMap<&str, usize>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for module in modules {
        if !rank.contains_key(module.as_str()) {
            let module = format!("{parent}{module}");
            violations.push(Violation::new(
                &module,
                format!("{folder}: give module `{module}` a layer in guards/layers.toml"),
            ));
        }
    }
    for module in rank.keys().filter(|module| !modules.contains(**module)) {
        let module = format!("{parent}{module}");
        violations.push(Violation::new(
            &module,
            format!("guards/layers.toml: `{folder}` has no module `{module}`; remove it"),
        ));
    }
    violations
}

/// Imports that are listed as `sideways` and that nothing writes, or that lead in a circle; `used` are
/// those that are written.
fn wrong_sideways(
    folder: &str,
    rules: &CrateRules,
    used: &BTreeSet<(String, String)>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for arrow in &rules.sideways {
        if !used.iter().any(|(f, t)| format!("{f} -> {t}") == *arrow) {
            violations.push(Violation::new(
                arrow,
                format!("guards/layers.toml: `{folder}`: no import is `{arrow}`; remove it"),
            ));
        }
    }
    for module in circular(used) {
        violations.push(Violation::new(
            &module,
            format!(
                "guards/layers.toml: `{folder}`: the sideways imports of `{module}` lead back to it"
            ),
        ));
    }
    violations
}

/// Imports that run upwards or sideways among the modules of a module that is listed under `inside`,
/// modules of it without a layer, and entries that fit none. `at` is the arrow or the module.
pub fn upward_imports_inside(found: &Crate<'_>, rules: &CrateRules) -> Vec<Violation> {
    rules
        .inside
        .iter()
        .flat_map(|(parent, layers)| inside(found, parent, layers))
        .collect()
}

fn inside(found: &Crate<'_>, name: &str, layers: &[Vec<String>]) -> Vec<Violation> {
    let parent: Vec<String> = name.split("::").map(str::to_owned).collect();
    let rank = ranks(layers);
    let modules: BTreeSet<String> = found
        .files()
        .filter_map(|(path, _)| child_of(&parent, path))
        .collect();
    let mut violations = unlisted_and_absent(&found.folder, &format!("{name}::"), &modules, &rank);
    for ((from, to), places) in arrows_inside(found, &parent) {
        let (Some(own), Some(other)) = (rank.get(from.as_str()), rank.get(to.as_str())) else {
            continue;
        };
        if other < own {
            continue;
        }
        let arrow = format!("{name}::{from} -> {name}::{to}");
        for (file, line) in places {
            violations.push(Violation::new(
                &arrow,
                format!("{file}:{line}: `{arrow}` imports no lower layer"),
            ));
        }
    }
    violations
}

fn ranks(layers: &[Vec<String>]) -> BTreeMap<&str, usize> {
    layers
        .iter()
        .enumerate()
        .flat_map(|(layer, modules)| modules.iter().map(move |module| (module.as_str(), layer)))
        .collect()
}

/// The module directly below `parent` that `path` is or lies in.
fn child_of(parent: &[String], path: &[String]) -> Option<String> {
    path.strip_prefix(parent)?.first().cloned()
}

/// The imports from one module below `parent` to another one below it.
fn arrows_inside(found: &Crate<'_>, parent: &[String]) -> Arrows {
    let from = |path: &[String]| child_of(parent, path);
    let to = |module: &[String], written: &[String]| {
        let absolute = found.absolute(module, written);
        let named = absolute
            .and_then(|absolute| child_of(parent, &absolute))
            .filter(|name| {
                let mut child = parent.to_vec();
                child.push(name.clone());
                found.file_of(&child).is_some()
            });
        named.or_else(|| match found.resolve(module, written)? {
            Resolved::Module(target) | Resolved::Item(target) => child_of(parent, &target),
        })
    };
    arrows_between(found, from, to)
}

/// The root and the program beside it stand above all layers.
fn is_root(module: &str) -> bool {
    matches!(module, "lib" | "main")
}

/// The imports from one top-level module to another one, or to the root.
fn arrows(found: &Crate<'_>) -> Arrows {
    // The root only lists its modules.
    let from = |path: &[String]| Some(found.top(path)).filter(|top| !is_root(top));
    let to = |module: &[String], written: &[String]| match found.absolute(module, written) {
        Some(absolute) if absolute.is_empty() => None,
        Some(absolute) if found.file_of(&absolute[..1]).is_some() => Some(absolute[0].clone()),
        _ => match found.resolve(module, written)? {
            Resolved::Module(target) | Resolved::Item(target) => Some(found.top(&target)),
        },
    };
    arrows_between(found, from, to)
}

/// The imports between the groups of modules that `from` and `to` name: the one that imports, by the path of
/// its file's module, and the one that a path leads to, by the module that writes it and the path as written.
/// Where one of them names none, the import does not count.
fn arrows_between(
    found: &Crate<'_>,
    from: impl Fn(&[String]) -> Option<String>,
    to: impl Fn(&[String], &[String]) -> Option<String>,
) -> Arrows {
    let mut arrows = Arrows::new();
    for (path, file) in found.files() {
        let Some(from) = from(path) else {
            continue;
        };
        for (scope, written, line) in file.all_paths() {
            let module = Crate::module(path, scope);
            if let Some(to) = to(&module, written)
                && to != from
            {
                arrows
                    .entry((from.clone(), to))
                    .or_default()
                    .entry(file.path.clone())
                    .or_insert(line);
            }
        }
    }
    arrows
}

/// Modules from which `arrows` lead back to themselves.
fn circular(arrows: &BTreeSet<(String, String)>) -> Vec<String> {
    let starts: BTreeSet<&String> = arrows.iter().map(|(from, _)| from).collect();
    starts
        .into_iter()
        .filter(|start| {
            let mut seen = BTreeSet::new();
            let mut open = vec![*start];
            while let Some(at) = open.pop() {
                for (_, to) in arrows.iter().filter(|(from, _)| from == at) {
                    if seen.insert(to) {
                        open.push(to);
                    }
                }
            }
            seen.contains(start)
        })
        .cloned()
        .collect()
}

/// Layers that fit the imports as they are; modules of a circle share one.
fn suggestion(modules: &BTreeSet<String>, arrows: &Arrows) -> String {
    let mut left: BTreeSet<&String> = modules.iter().collect();
    let mut lines = Vec::new();
    while !left.is_empty() {
        let mut layer: Vec<&String> = left
            .iter()
            .copied()
            .filter(|module| {
                !arrows
                    .keys()
                    .any(|(from, to)| from == *module && left.contains(to))
            })
            .collect();
        if layer.is_empty() {
            layer = lowest_circle(&left, arrows);
        }
        for module in &layer {
            left.remove(*module);
        }
        lines.push(format!("    {layer:?},"));
    }
    format!("layers = [\n{}\n]", lines.join("\n"))
}

/// The modules of a circle that imports nothing else of `left`.
fn lowest_circle<'a>(left: &BTreeSet<&'a String>, arrows: &Arrows) -> Vec<&'a String> {
    left.iter()
        .map(|start| {
            let mut seen: BTreeSet<&'a String> = BTreeSet::from([*start]);
            let mut open = vec![*start];
            while let Some(at) = open.pop() {
                for module in left {
                    let imported = arrows.contains_key(&(at.clone(), (*module).clone()));
                    if imported && seen.insert(module) {
                        open.push(module);
                    }
                }
            }
            seen.into_iter().collect::<Vec<_>>()
        })
        .min_by_key(Vec::len)
        .unwrap_or_default()
}
