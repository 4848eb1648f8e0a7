//! The module tree of one crate, and where a path in it leads: to the file that defines the name,
//! seen through every `pub use` on the way.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    facts::{Declared, ModuleScope, RustFile},
    tree,
};

/// A module path below the crate's root.
type Path = Vec<String>;

/// The modules of one crate.
#[derive(Debug)]
pub struct Crate<'a> {
    /// The crate's folder.
    pub folder: String,
    /// The crate's name as other code writes it, with `_`.
    name: String,
    /// Files of the crate that are part of the product, by the path of their module.
    files: BTreeMap<Path, &'a RustFile>,
    modules: BTreeMap<Path, (&'a RustFile, &'a ModuleScope)>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// To a module as a whole.
    Module(Vec<String>),
    /// To a name that this module defines.
    Item(Vec<String>),
}

/// A chain of re-exports longer than this is a circle of them.
const MAX_REEXPORTS: usize = 24;

impl<'a> Crate<'a> {
    /// Follows `mod` declarations from `src/lib.rs` (else `src/main.rs`) of the crate in `folder`.
    /// `main.rs` beside a `lib.rs` counts as a module `main` of it.
    pub fn of(folder: &str, package: &str, files: &'a [RustFile]) -> Self {
        let by_path: BTreeMap<&str, &RustFile> = files
            .iter()
            .map(|file| (file.path.as_str(), file))
            .collect();
        let mut found = Self {
            folder: folder.to_owned(),
            name: package.replace('-', "_"),
            files: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        let library = by_path.get(format!("{folder}/src/lib.rs").as_str());
        let program = by_path.get(format!("{folder}/src/main.rs").as_str());
        if let Some(root) = library.or(program) {
            found.add(Vec::new(), root, &by_path);
        }
        if let (Some(_), Some(program)) = (library, program) {
            found.add(vec!["main".to_owned()], program, &by_path);
        }
        found
    }

    fn add(&mut self, at: Path, file: &'a RustFile, by_path: &BTreeMap<&str, &'a RustFile>) {
        self.files.insert(at.clone(), file);
        for scope in &file.scopes {
            let mut module = at.clone();
            module.extend(scope.inner.iter().cloned());
            self.modules.insert(module.clone(), (file, scope));
            for child in scope.declares.iter().filter(|child| !child.test) {
                let candidates = candidates(file, scope, child);
                let Some(found) = candidates.iter().find_map(|c| by_path.get(c.as_str())) else {
                    continue;
                };
                let mut inner = module.clone();
                inner.push(child.name.clone());
                self.add(inner, found, by_path);
            }
        }
    }

    /// The product's files, each with the path of its module.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &'a RustFile)> {
        self.files.iter().map(|(path, file)| (path, *file))
    }

    /// Names of the modules that the root declares, and `lib` or `main` for the root itself.
    pub fn top_modules(&self) -> BTreeSet<String> {
        self.modules.keys().map(|path| self.top(path)).collect()
    }

    /// The top-level module that a module belongs to.
    pub fn top(&self, module: &[String]) -> String {
        module.first().cloned().unwrap_or_else(|| {
            let root = self.files.get(&Vec::new()).map(|file| file.path.as_str());
            let name = root.map_or("lib.rs", tree::file_name);
            name.trim_end_matches(".rs").to_owned()
        })
    }

    /// The file that holds a module.
    pub fn file_of(&self, module: &[String]) -> Option<&'a RustFile> {
        self.modules.get(module).map(|(file, _)| *file)
    }

    /// The path of a scope's module in a file of this crate.
    pub fn module(file: &[String], scope: &ModuleScope) -> Vec<String> {
        file.iter().chain(&scope.inner).cloned().collect()
    }

    /// `path` as written in `module`, from the root on: `super` and `self` are resolved. `None`
    /// where it does not begin with `crate`, `self`, `super` or the crate's own name.
    pub fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.to_vec(),
            name if name == self.name && !self.modules.contains_key(&join(module, name)) => {
                Vec::new()
            }
            _ => return None,
        };
        let mut rest = path;
        if !matches!(first.as_str(), "super") {
            rest = &rest[1..];
        }
        while let Some((next, later)) = rest.split_first()
            && next == "super"
        {
            base.pop();
            rest = later;
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// Where `path` leads that is written in `module`; `None` for what another crate defines.
    pub fn resolve(&self, module: &[String], path: &[String]) -> Option<Resolved> {
        self.follow(module, path, 0)
    }

    fn follow(&self, module: &[String], path: &[String], depth: usize) -> Option<Resolved> {
        if depth > MAX_REEXPORTS {
            return None;
        }
        if let Some(absolute) = self.absolute(module, path) {
            return self.descend(Vec::new(), &absolute, depth);
        }
        let (first, rest) = path.split_first()?;
        match self.name_in(module, first, depth + 1)? {
            Resolved::Module(found) => self.descend(found, rest, depth),
            item @ Resolved::Item(_) => Some(item),
        }
    }

    fn descend(&self, from: Path, names: &[String], depth: usize) -> Option<Resolved> {
        let Some((name, rest)) = names.split_first() else {
            return Some(Resolved::Module(from));
        };
        match self.name_in(&from, name, depth + 1) {
            Some(Resolved::Module(found)) => self.descend(found, rest, depth),
            Some(item) => Some(item),
            // Made by a macro, or another crate's name re-exported here.
            None => self
                .modules
                .contains_key(&from)
                .then_some(Resolved::Item(from)),
        }
    }

    /// What `name` stands for in `module`.
    fn name_in(&self, module: &[String], name: &str, depth: usize) -> Option<Resolved> {
        if depth > MAX_REEXPORTS {
            return None;
        }
        let child = join(module, name);
        if self.modules.contains_key(&child) {
            return Some(Resolved::Module(child));
        }
        let (_, scope) = self.modules.get(module)?;
        if scope.defines.contains(name) {
            return Some(Resolved::Item(module.to_vec()));
        }
        if let Some(bind) = scope.binds.iter().find(|bind| bind.name == name) {
            let itself = bind.path.len() == 1 && bind.path[0] == name;
            return if itself {
                None
            } else {
                self.follow(module, &bind.path, depth + 1)
            };
        }
        scope.globs.iter().find_map(|(glob, _)| {
            match self.follow(module, glob, depth + 1)? {
                Resolved::Module(found) if found != module => self.name_in(&found, name, depth + 1),
                // `use Enum::*`: the names belong to the file of the enum.
                _ => None,
            }
        })
    }
}

fn join(module: &[String], name: &str) -> Path {
    let mut path = module.to_vec();
    path.push(name.to_owned());
    path
}

/// Where the file of `mod child;` may lie.
fn candidates(file: &RustFile, scope: &ModuleScope, child: &Declared) -> Vec<String> {
    let folder = tree::folder(&file.path);
    if let Some(named) = &child.file {
        return vec![format!("{folder}/{named}")];
    }
    let name = tree::file_name(&file.path).trim_end_matches(".rs");
    let mut base = folder.to_owned();
    if !matches!(name, "lib" | "main" | "mod") {
        base = format!("{base}/{name}");
    }
    for inner in &scope.inner {
        base = format!("{base}/{inner}");
    }
    vec![
        format!("{base}/{}.rs", child.name),
        format!("{base}/{}/mod.rs", child.name),
    ]
}
