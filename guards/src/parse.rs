//! Parses a file with `syn` and collects what [`RustFile`] holds. Items under `#[cfg(test)]` are
//! left out; only their lines are noted.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Block, Item, Meta, Signature, UseTree, Visibility,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::{
    facts::{Bind, Declared, FunctionSize, ModuleScope, RustFile},
    tree::SourceText,
};

/// Parses a source.
///
/// # Errors
/// What the parser says, with the file's name.
pub fn parse(source: &SourceText) -> Result<RustFile, String> {
    let syntax =
        syn::parse_file(&source.text).map_err(|error| format!("{}: {error}", source.path))?;
    let mut file = RustFile {
        path: source.path.clone(),
        text: source.text.clone(),
        scopes: Vec::new(),
        logic: Vec::new(),
        types: Vec::new(),
        functions: Vec::new(),
        test_lines: Vec::new(),
    };
    module(&mut file, &syntax.items, Vec::new());
    Ok(file)
}

/// Parses sources of a test or of the tree.
///
/// # Panics
/// If one is not Rust: no rule can be checked then.
pub fn parse_all<'a>(sources: impl IntoIterator<Item = &'a SourceText>) -> Vec<RustFile> {
    sources
        .into_iter()
        .map(|source| parse(source).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

/// Collects one module, and after it the modules written inside it.
fn module(file: &mut RustFile, items: &[Item], inner: Vec<String>) {
    let mut walk = Walk {
        scope: ModuleScope {
            inner: inner.clone(),
            ..ModuleScope::default()
        },
        functions: Vec::new(),
        test_lines: Vec::new(),
    };
    let mut nested = Vec::new();
    for item in items {
        let attributes = attributes(item);
        let test = is_test(attributes);
        if let Item::Mod(child) = item
            && child.content.is_none()
        {
            walk.scope.declares.push(Declared {
                name: child.ident.to_string(),
                file: path_attribute(attributes),
                test,
            });
            if test {
                walk.skip(item);
            }
            continue;
        }
        if test {
            walk.skip(item);
            continue;
        }
        let line = item.span().start().line;
        match item {
            Item::Fn(_) => file.logic.push((line, "a function")),
            Item::Impl(_) => file.logic.push((line, "an impl")),
            Item::Macro(_) => file.logic.push((line, "a macro")),
            _ => {}
        }
        if let Some((name, seen)) = defined(item) {
            if seen {
                file.types.push((name.clone(), line));
            }
            walk.scope.defines.insert(name);
        }
        if let Item::Mod(child) = item {
            let mut path = inner.clone();
            path.push(child.ident.to_string());
            nested.push((path, child));
        } else {
            walk.visit_item(item);
        }
    }
    file.functions.append(&mut walk.functions);
    file.test_lines.append(&mut walk.test_lines);
    file.scopes.push(walk.scope);
    for (path, child) in nested {
        if let Some((_, items)) = &child.content {
            module(file, items, path);
        }
    }
}

/// The name an item defines, and whether it is a type that other modules see. Inline modules are
/// scopes of their own and define nothing here.
fn defined(item: &Item) -> Option<(String, bool)> {
    let seen = |visibility: &Visibility| !matches!(visibility, Visibility::Inherited);
    let (ident, is_type) = match item {
        Item::Struct(i) => (&i.ident, seen(&i.vis)),
        Item::Enum(i) => (&i.ident, seen(&i.vis)),
        Item::Trait(i) => (&i.ident, seen(&i.vis)),
        Item::Type(i) => (&i.ident, seen(&i.vis)),
        Item::Union(i) => (&i.ident, seen(&i.vis)),
        Item::TraitAlias(i) => (&i.ident, seen(&i.vis)),
        Item::Const(i) => (&i.ident, false),
        Item::Static(i) => (&i.ident, false),
        Item::Fn(i) => (&i.sig.ident, false),
        Item::Macro(i) => (i.ident.as_ref()?, false),
        _ => return None,
    };
    Some((ident.to_string(), is_type))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::ExternCrate(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::ForeignMod(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::TraitAlias(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Union(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]` or `#[cfg(all(test, …))]`: never compiled into the product.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let words: Vec<String> = list
            .tokens
            .clone()
            .into_iter()
            .map(|token| token.to_string())
            .collect();
        list.path.is_ident("cfg")
            && match words.first().map(String::as_str) {
                Some("test") => words.len() == 1,
                Some("all") => words[1].contains("test") && !words[1].contains("not"),
                _ => false,
            }
    })
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        match &pair.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) if pair.path.is_ident("path") => Some(text.value()),
            _ => None,
        }
    })
}

struct Walk {
    scope: ModuleScope,
    functions: Vec<FunctionSize>,
    test_lines: Vec<std::ops::RangeInclusive<usize>>,
}

impl Walk {
    fn skip(&mut self, item: &impl Spanned) {
        let span = item.span();
        self.test_lines.push(span.start().line..=span.end().line);
    }

    fn function(&mut self, signature: &Signature, body: &Block) {
        let line = signature.ident.span().start().line;
        self.functions.push(FunctionSize {
            name: signature.ident.to_string(),
            line,
            lines: body.span().end().line - line + 1,
        });
    }

    fn path(&mut self, path: Vec<String>, line: usize) {
        self.scope.paths.entry(path).or_insert(line);
    }

    fn use_tree(&mut self, tree: &UseTree, prefix: &[String]) {
        let mut path = prefix.to_vec();
        let mut bind = |name: String, mut path: Vec<String>, line| {
            if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                path.pop();
            }
            let name = if name == "self" {
                path.last().cloned().unwrap_or_default()
            } else {
                name
            };
            self.scope.binds.push(Bind { name, path, line });
        };
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.use_tree(&part.tree, &path);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                bind(name.ident.to_string(), path, name.span().start().line);
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                bind(name.rename.to_string(), path, name.span().start().line);
            }
            UseTree::Glob(glob) => self.scope.globs.push((path, glob.span().start().line)),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, &path);
                }
            }
        }
    }

    /// Paths in tokens that are not parsed: the arguments of a macro, and paths that an attribute
    /// gives as a text, such as serde's `with`.
    fn tokens(&mut self, tokens: TokenStream, texts: bool) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path, line);
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Literal(literal) if texts => {
                    self.end(&mut path, line);
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.starts_with("crate::") || text.starts_with("super::") {
                        let written = text.split("::").map(str::to_owned).collect();
                        self.path(written, literal.span().start().line);
                    }
                }
                TokenTree::Group(group) => {
                    self.end(&mut path, line);
                    colons = 0;
                    self.tokens(group.stream(), texts);
                }
                _ => {
                    self.end(&mut path, line);
                    colons = 0;
                }
            }
        }
        self.end(&mut path, line);
    }

    fn end(&mut self, path: &mut Vec<String>, line: usize) {
        if !path.is_empty() {
            self.path(std::mem::take(path), line);
        }
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            self.skip(item);
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if is_test(&item.attrs) {
            self.skip(item);
        } else {
            self.function(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.path(names, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone(), false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone(), true);
        }
    }

    /// `pub(in crate::report)` limits a name; it imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
