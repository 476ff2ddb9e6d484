//! Paths in token streams that no grammar describes: the bodies of macros, and attributes.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::{Path, ext::IdentExt};

use crate::reference::{Namespaces, Reference};

/// A path among tokens.
#[derive(Debug)]
pub struct Mention {
    /// The path.
    pub reference: Reference,
    /// The namespaces that its surroundings allow.
    pub namespaces: Namespaces,
    /// Whether it stood in a string: a derive may append more segments.
    pub quoted: bool,
}

/// Paths in a macro's body. A single name counts only if it is called or begins with a capital: others are more likely
/// words of the macro's own language. Names of constants in format strings count too.
pub fn in_body(tokens: TokenStream) -> Vec<Mention> {
    scan(tokens, false)
}

/// Paths in an attribute. A single name counts only after `=`, as does a string that is a path of several segments.
pub fn in_attribute(tokens: TokenStream) -> Vec<Mention> {
    scan(tokens, true)
}

/// Constants that format strings among these tokens capture.
pub fn captures(tokens: TokenStream) -> Vec<Mention> {
    let mut scanner = Scanner { attribute: false, found: Vec::new() };
    scanner.captures(tokens);
    scanner.found
}

fn scan(tokens: TokenStream, attribute: bool) -> Vec<Mention> {
    let mut scanner = Scanner { attribute, found: Vec::new() };
    scanner.stream(tokens.clone(), &[]);
    if !attribute {
        scanner.captures(tokens);
    }
    scanner.found
}

struct Scanner {
    attribute: bool,
    found: Vec<Mention>,
}

impl Scanner {
    /// `prefix` is the path before the braces of a `use`.
    fn stream(&mut self, tokens: TokenStream, prefix: &[String]) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(tree) = trees.get(at) {
            match tree {
                TokenTree::Group(group) => self.stream(group.stream(), prefix),
                // `use a::{self, b as c}`: the module itself, and a new name.
                TokenTree::Ident(ident) if !prefix.is_empty() && (ident == "self" || ident == "as") => {
                    at += usize::from(ident == "as");
                }
                TokenTree::Ident(ident) if begins_path(&trees[..at], ident) => {
                    at = self.path(&trees, at, prefix);
                    continue;
                }
                TokenTree::Literal(literal) if self.attribute && is_punct(trees[..at].last(), '=') => {
                    self.quoted(&literal.to_string(), literal.span().start().line);
                }
                TokenTree::Ident(_) | TokenTree::Literal(_) | TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// Takes the path that begins at `start`, and returns where it ends.
    fn path(&mut self, trees: &[TokenTree], start: usize, prefix: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        let mut at = start;
        while let Some(TokenTree::Ident(ident)) = trees.get(at) {
            segments.push(ident.unraw().to_string());
            at += 1;
            match (is_separator(&trees[at..]), trees.get(at + 2)) {
                (true, Some(TokenTree::Ident(_))) => at += 2,
                (true, Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Brace => {
                    self.stream(group.stream(), &segments);
                    return at + 3;
                }
                _ => break,
            }
        }
        let alone = segments.len() == 1;
        let mut namespaces = if alone { Namespaces::TYPE | Namespaces::VALUE } else { Namespaces::ALL };
        // A separator here comes before generic arguments.
        let mut called = is_separator(&trees[at..]);
        match (trees.get(at), trees.get(at + 1)) {
            (Some(TokenTree::Punct(bang)), Some(TokenTree::Group(_))) if bang.as_char() == '!' => {
                namespaces = Namespaces::MACRO;
                called = true;
            }
            (Some(TokenTree::Group(group)), _) => called = group.delimiter() == Delimiter::Parenthesis,
            _ => {}
        }
        let behind_equals = is_punct(trees[..start].last(), '=');
        let capital = segments[0].starts_with(char::is_uppercase);
        if !alone || if self.attribute { behind_equals } else { called || capital } {
            let global = prefix.is_empty() && start >= 2 && is_separator(&trees[start - 2..]);
            let reference = Reference { global, segments, line: trees[start].span().start().line };
            self.found.push(Mention { reference, namespaces, quoted: false });
        }
        at
    }

    fn quoted(&mut self, literal: &str, line: usize) {
        let Some(text) = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return };
        let Ok(path) = syn::parse_str::<Path>(text) else { return };
        let segments: Vec<String> = path.segments.iter().map(|part| part.ident.unraw().to_string()).collect();
        if segments.len() > 1 {
            let reference = Reference { global: path.leading_colon.is_some(), segments, line };
            let namespaces = Namespaces::TYPE | Namespaces::VALUE;
            self.found.push(Mention { reference, namespaces, quoted: true });
        }
    }

    fn captures(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.captures(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let is_name = |c: char| c.is_alphanumeric() || c == '_';
                    for part in text.split('{').skip(1) {
                        let name: String = part.chars().take_while(|c| is_name(*c)).collect();
                        if name.starts_with(char::is_uppercase) && part[name.len()..].starts_with([':', '}'])
                        {
                            let reference = Reference::name(name, literal.span().start().line);
                            let namespaces = Namespaces::VALUE;
                            self.found.push(Mention { reference, namespaces, quoted: false });
                        }
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

/// Whether an identifier after these tokens can begin a path: it is not a field, lifetime, macro fragment, or
/// associated item of a type in angle brackets.
fn begins_path(before: &[TokenTree], ident: &Ident) -> bool {
    let Some(TokenTree::Punct(last)) = before.last() else { return true };
    let earlier = before.len().checked_sub(2).and_then(|at| before.get(at));
    match last.as_char() {
        '\'' => false,
        '$' => ident == "crate",
        '.' => is_punct(earlier, '.'),
        ':' if before.len() >= 2 && is_separator(&before[before.len() - 2..]) => {
            let owner = before.len().checked_sub(3).and_then(|at| before.get(at));
            !is_punct(owner, '>')
        }
        _ => true,
    }
}

/// Whether these tokens begin with `::`.
fn is_separator(trees: &[TokenTree]) -> bool {
    match trees {
        [TokenTree::Punct(first), TokenTree::Punct(second), ..] => {
            first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':'
        }
        _ => false,
    }
}

fn is_punct(tree: Option<&TokenTree>, character: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}
