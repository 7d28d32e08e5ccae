//! Which files of a crate use each other's items, found from the code itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Attribute, Item, UseTree};

use super::sources::sources;

/// The path of a module within its crate; the crate's root is empty.
type Module = Vec<String>;

/// Nesting of imports that lead to imports.
const HOPS_MAX: usize = 12;

struct File {
    path: PathBuf,
    /// The names that the file defines.
    items: BTreeSet<String>,
    /// The names that the file imports, and the path of each as it is written.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Every path in the file that leads to another.
    paths: BTreeSet<Vec<String>>,
}

pub(super) struct Crate {
    files: BTreeMap<Module, File>,
}

impl Crate {
    /// Reads all sources below `folder`, but tests.
    pub(super) fn read(folder: &Path) -> Crate {
        let mut paths = vec![];
        sources(folder, &mut paths);
        let mut files = BTreeMap::new();
        for path in paths {
            let within = path.strip_prefix(folder).unwrap().with_extension("");
            let mut module: Module = within.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if module.contains(&"tests".to_owned()) || module == ["main"] {
                continue;
            }
            if module == ["lib"] {
                module.clear();
            }
            let tree = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut reader = Reader { file: File::new(path) };
            reader.visit_file(&tree);
            files.insert(module, reader.file);
        }
        Crate { files }
    }

    /// The file that defines what `path` leads to, as a file of this crate sees it.
    fn definer(&self, from: &Module, path: &[String], hops: usize) -> Option<Module> {
        let mut at = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
            }
            first => {
                let file = self.files.get(from)?;
                let known = file.items.contains(first)
                    || file.imports.contains_key(first)
                    || self.files.contains_key(&child(from, first));
                if !known {
                    return None;
                }
                return self.walk(at, path, hops);
            }
        }
        rest = &rest[1..];
        while rest.first().is_some_and(|part| part == "super") {
            at.pop()?;
            rest = &rest[1..];
        }
        self.walk(at, rest, hops)
    }

    fn walk(&self, mut at: Module, path: &[String], hops: usize) -> Option<Module> {
        for (index, name) in path.iter().enumerate() {
            if self.files.contains_key(&child(&at, name)) {
                at.push(name.clone());
                continue;
            }
            let file = self.files.get(&at)?;
            if let Some(import) = file.imports.get(name) {
                let further = hops.checked_sub(1)?;
                let mut whole = import.clone();
                whole.extend_from_slice(&path[index + 1..]);
                // An import of the same name from outside the crate.
                return if whole.first() == Some(name) && whole.len() == path.len() - index {
                    None
                } else {
                    self.definer(&at, &whole, further)
                };
            }
            if !file.items.contains(name)
                && let Some(further) = hops.checked_sub(1)
            {
                for glob in &file.globs {
                    let mut whole = glob.clone();
                    whole.extend_from_slice(&path[index..]);
                    if let Some(found) = self.definer(&at, &whole, further) {
                        return Some(found);
                    }
                }
            }
            return Some(at);
        }
        // The module itself, of which nothing is used here.
        None
    }

    /// From each file to those whose items it uses.
    fn uses(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let of = |(module, file): (&Module, &File)| -> BTreeSet<Module> {
            let found = file.paths.iter().filter_map(|path| self.definer(module, path, HOPS_MAX));
            found.filter(|other| other != module).collect()
        };
        self.files.iter().map(|(module, file)| (module, of((module, file)))).collect()
    }

    /// Files that use each other, directly or through others: each circle with its files.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let uses = self.uses();
        let reach = |from: &Module| -> BTreeSet<Module> {
            let mut seen = BTreeSet::new();
            let mut open = vec![from.clone()];
            while let Some(at) = open.pop() {
                for next in uses.get(&at).into_iter().flatten() {
                    if seen.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<&Module, BTreeSet<Module>> =
            self.files.keys().map(|module| (module, reach(module))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (module, all) in reached.iter().filter(|(module, all)| all.contains(**module)) {
            let members = all.iter().filter(|other| reached.get(other).is_some_and(|back| back.contains(*module)));
            circles.insert(members.map(|member| self.files[member].path.display().to_string()).collect());
        }
        circles.into_iter().collect()
    }

    /// The uses within a circle, for the message of the rule.
    pub(super) fn ties(&self, circle: &[String]) -> Vec<String> {
        let mut ties = vec![];
        for (module, file) in &self.files {
            if !circle.contains(&file.path.display().to_string()) {
                continue;
            }
            for path in &file.paths {
                let Some(other) = self.definer(module, path, HOPS_MAX).filter(|other| other != module) else {
                    continue;
                };
                if circle.contains(&self.files[&other].path.display().to_string()) {
                    ties.push(format!("{} -> {}: {}", module.join("::"), other.join("::"), path.join("::")));
                }
            }
        }
        ties
    }
}

fn child(of: &Module, name: &str) -> Module {
    let mut path = of.clone();
    path.push(name.to_owned());
    path
}

impl File {
    fn new(path: PathBuf) -> File {
        File { path, items: BTreeSet::new(), imports: BTreeMap::new(), globs: vec![], paths: BTreeSet::new() }
    }

    fn import(&mut self, tree: &UseTree, before: &[String], is_public: bool) {
        let with = |name: &syn::Ident| -> Vec<String> {
            let mut path = before.to_vec();
            if name != "self" || before.is_empty() {
                path.push(name.to_string());
            }
            path
        };
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), is_public),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before, is_public)),
            UseTree::Glob(_) => self.globs.push(before.to_vec()),
            UseTree::Name(name) => {
                let path = with(&name.ident);
                let known_as = path.last().cloned().unwrap_or_default();
                self.keep(known_as, path, is_public);
            }
            UseTree::Rename(rename) => self.keep(rename.rename.to_string(), with(&rename.ident), is_public),
        }
    }

    /// A re-export is no use.
    fn keep(&mut self, name: String, path: Vec<String>, is_public: bool) {
        if !is_public {
            self.paths.insert(path.clone());
        }
        self.imports.insert(name, path);
    }
}

struct Reader {
    file: File,
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().starts_with("test"))
    })
}

impl<'ast> Visit<'ast> for Reader {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other items have no name of their own")]
    fn visit_item(&mut self, item: &'ast Item) {
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Mod(item) if is_for_tests(&item.attrs) => return,
            Item::Mod(item) if item.content.is_none() => None,
            Item::Mod(item) => Some(&item.ident),
            Item::Use(item) if is_for_tests(&item.attrs) => return,
            Item::Use(item) => {
                let is_public = !matches!(item.vis, syn::Visibility::Inherited);
                self.file.import(&item.tree, &[], is_public);
                return;
            }
            _ => None,
        };
        if let Some(name) = name {
            self.file.items.insert(name.to_string());
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            self.file.paths.insert(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }
}
