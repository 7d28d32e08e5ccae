//! Signatures: tuples as parameters, and fallible functions whose errors are not documented.

use std::fs;
use std::path::Path;

use syn::visit::Visit;
use syn::{Attribute, FnArg, Pat, ReturnType, Signature, Type, Visibility};

use super::sources::sources;

#[derive(Default)]
pub(super) struct Found {
    /// Functions that take a tuple.
    pub(super) tuples: Vec<String>,
    /// Public functions and methods of public traits that may fail and have no `# Errors`.
    pub(super) without_errors: Vec<String>,
    file: String,
    in_trait: bool,
    /// The trait documents the errors of all its methods.
    trait_says: bool,
}

pub(super) fn read(folder: &Path) -> Found {
    let mut paths = vec![];
    if folder.is_dir() {
        sources(folder, &mut paths);
    } else {
        paths.push(folder.to_owned());
    }
    let mut found = Found::default();
    for path in paths {
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        if !is_test {
            found.file = path.display().to_string();
            found.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    found
}

impl Found {
    fn look(&mut self, signature: &Signature, attributes: &[Attribute], is_public: bool) {
        let takes_tuple = signature.inputs.iter().any(|input| match input {
            FnArg::Receiver(_) => false,
            FnArg::Typed(typed) => matches!(*typed.pat, Pat::Tuple(_)) || matches!(*typed.ty, Type::Tuple(_)),
        });
        let name = format!("{}: {}", self.file, signature.ident);
        if takes_tuple {
            self.tuples.push(name.clone());
        }
        let is_fallible = match &signature.output {
            ReturnType::Type(_, of) => {
                let text = quote(of);
                text.starts_with("Result")
                    || text.contains(":: Result")
                    || ["BoxFuture <", "Reading <"].iter().any(|future| text.starts_with(future))
            }
            ReturnType::Default => false,
        };
        if is_public && is_fallible && !self.trait_says && !documents_errors(attributes) {
            self.without_errors.push(name);
        }
    }
}

fn documents_errors(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && attribute.meta.require_name_value().is_ok_and(|doc| quote(&doc.value).contains("# Errors"))
    })
}

fn quote(tokens: &impl quote::ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.look(&item.sig, &item.attrs, matches!(item.vis, Visibility::Public(_)));
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.look(&item.sig, &item.attrs, matches!(item.vis, Visibility::Public(_)));
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.in_trait = matches!(item.vis, Visibility::Public(_));
        self.trait_says = documents_errors(&item.attrs);
        syn::visit::visit_item_trait(self, item);
        self.in_trait = false;
        self.trait_says = false;
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.look(&item.sig, &item.attrs, self.in_trait);
        syn::visit::visit_trait_item_fn(self, item);
    }
}
