//! Walks the code of every module and records each path in it, minding variables that hide names.

use proc_macro2::TokenStream;
use syn::{
    Arm, Attribute, Block, Expr, ExprClosure, ExprForLoop, ExprIf, ExprLet, ExprPath, ExprStruct, ExprWhile,
    Field, FieldValue, ImplItem, ImplItemFn, Item, ItemFn, Local, Macro, Meta, PatIdent, Path, Stmt, Token,
    TraitItem, TraitItemFn, TypePath, Variant,
    ext::IdentExt,
    parse::Parser,
    punctuated::Punctuated,
    visit::{self, Visit},
};

use crate::{
    attributes,
    graph::Graph,
    record::Recorder,
    reference::{Namespaces, Reference},
    scope::{ModuleId, Scope},
    tokens,
    tree::Tree,
};

/// The arrows of a whole tree.
pub fn graph(tree: &Tree) -> Graph {
    let mut graph = Graph::default();
    for (number, module) in tree.modules.iter().enumerate() {
        let recorder = Recorder { tree, module: ModuleId(number), blocks: Vec::new(), graph: &mut graph };
        let mut walker = Walker(recorder);
        for import in &module.scope.imports {
            walker.0.import(import);
        }
        for item in &module.items {
            walker.visit_item(item);
        }
    }
    graph
}

struct Walker<'t>(Recorder<'t>);

impl Walker<'_> {
    /// Visits within a new scope.
    fn within(&mut self, scope: Scope, visit: impl FnOnce(&mut Self)) {
        self.0.blocks.push(scope);
        visit(self);
        self.0.blocks.pop();
    }

    /// Visits within the scope of a block's or inline module's items.
    fn among<'i>(&mut self, items: impl IntoIterator<Item = &'i Item>, visit: impl FnOnce(&mut Self)) {
        let scope = Scope::of(items, self.0.tree.module(self.0.module).home);
        let imports = scope.imports.clone();
        self.within(scope, |this| {
            imports.iter().for_each(|import| this.0.import(import));
            visit(this);
        });
    }

    /// Reads the arguments of a macro: comma-separated expressions as such, anything else token by token.
    fn body(&mut self, body: &TokenStream) {
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(body.clone());
        let Ok(arguments) = arguments else { return self.0.mentions(tokens::in_body(body.clone())) };
        self.0.mentions(tokens::captures(body.clone()));
        for argument in &arguments {
            match argument {
                // `name = value` names an argument.
                Expr::Assign(named) if matches!(&*named.left, Expr::Path(_)) => self.visit_expr(&named.right),
                other => self.visit_expr(other),
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walker<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes::is_test(attributes::of_item(item)) {
            return;
        }
        match item {
            // Already recorded from the scope.
            Item::Use(_) | Item::ExternCrate(_) => {}
            Item::Mod(module) => {
                module.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
                // Only a module within a block still has its content; all others are modules of the tree.
                if let Some((_, items)) = &module.content {
                    self.among(items, |this| items.iter().for_each(|item| this.visit_item(item)));
                }
            }
            Item::Macro(definition) if definition.ident.is_some() => {
                self.0.mentions(tokens::in_body(definition.mac.tokens.clone()));
            }
            other => visit::visit_item(self, other),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !attributes::is_test(attributes::of_impl_item(item)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !attributes::is_test(attributes::of_trait_item(item)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !attributes::is_test(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        if !attributes::is_test(&variant.attrs) {
            visit::visit_variant(self, variant);
        }
    }

    fn visit_field_value(&mut self, value: &'ast FieldValue) {
        if !attributes::is_test(&value.attrs) {
            visit::visit_field_value(self, value);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let attributes = match statement {
            Stmt::Local(local) => &local.attrs,
            Stmt::Macro(call) => &call.attrs,
            Stmt::Expr(expression, _) => attributes::of_statement(expression),
            Stmt::Item(item) => attributes::of_item(item),
        };
        if !attributes::is_test(attributes) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if !attributes::is_test(attributes::of_expression(expression)) {
            visit::visit_expr(self, expression);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("doc") || attribute.path().is_ident("cfg") {
            return;
        }
        if attribute.path().segments.len() > 1 {
            self.0.path(attribute.path(), Namespaces::ALL);
        }
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(list) => self.0.mentions(tokens::in_attribute(list.tokens.clone())),
            Meta::NameValue(pair) => self.visit_expr(&pair.value),
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.within(Scope::default(), |this| visit::visit_item_fn(this, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.within(Scope::default(), |this| visit::visit_impl_item_fn(this, function));
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        self.within(Scope::default(), |this| visit::visit_trait_item_fn(this, function));
    }

    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        self.within(Scope::default(), |this| visit::visit_expr_closure(this, closure));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let items = block.stmts.iter().filter_map(|statement| match statement {
            Stmt::Item(item) => Some(item),
            _ => None,
        });
        self.among(items, |this| visit::visit_block(this, block));
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if !attributes::is_test(&arm.attrs) {
            self.within(Scope::default(), |this| visit::visit_arm(this, arm));
        }
    }

    fn visit_expr_for_loop(&mut self, repeated: &'ast ExprForLoop) {
        self.visit_expr(&repeated.expr);
        self.within(Scope::default(), |this| {
            this.visit_pat(&repeated.pat);
            this.visit_block(&repeated.body);
        });
    }

    fn visit_expr_if(&mut self, choice: &'ast ExprIf) {
        self.within(Scope::default(), |this| {
            this.visit_expr(&choice.cond);
            this.visit_block(&choice.then_branch);
        });
        if let Some((_, otherwise)) = &choice.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, repeated: &'ast ExprWhile) {
        self.within(Scope::default(), |this| visit::visit_expr_while(this, repeated));
    }

    fn visit_local(&mut self, local: &'ast Local) {
        local.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        // Its variables are visible only after it.
        if let Some(init) = &local.init {
            visit::visit_local_init(self, init);
        }
        self.visit_pat(&local.pat);
    }

    fn visit_expr_let(&mut self, condition: &'ast ExprLet) {
        self.visit_expr(&condition.expr);
        self.visit_pat(&condition.pat);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        let name = pattern.ident.unraw().to_string();
        let plain = pattern.by_ref.is_none() && pattern.mutability.is_none() && pattern.subpat.is_none();
        if plain && name.starts_with(char::is_uppercase) {
            let reference = Reference::name(name, pattern.ident.span().start().line);
            self.0.refer(&reference, Namespaces::VALUE);
        } else if let Some(scope) = self.0.blocks.last_mut() {
            scope.locals.insert(name);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr_path(&mut self, expression: &'ast ExprPath) {
        if let Some(of) = &expression.qself {
            self.visit_qself(of);
        }
        self.0.path(&expression.path, Namespaces::VALUE);
        visit::visit_path(self, &expression.path);
    }

    fn visit_type_path(&mut self, of: &'ast TypePath) {
        if let Some(of) = &of.qself {
            self.visit_qself(of);
        }
        self.0.path(&of.path, Namespaces::TYPE);
        visit::visit_path(self, &of.path);
    }

    fn visit_expr_struct(&mut self, expression: &'ast ExprStruct) {
        self.0.path(&expression.path, Namespaces::TYPE);
        visit::visit_path(self, &expression.path);
        expression.fields.iter().for_each(|field| self.visit_field_value(field));
        expression.rest.iter().for_each(|rest| self.visit_expr(rest));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        self.0.path(path, Namespaces::TYPE | Namespaces::VALUE);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.0.path(&call.path, Namespaces::MACRO);
        self.body(&call.tokens);
    }

    /// Syntax that the parser does not know.
    fn visit_token_stream(&mut self, stream: &'ast TokenStream) {
        self.0.mentions(tokens::in_body(stream.clone()));
    }
}
