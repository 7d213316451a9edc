//! The program's source as the compiler sees it: without comments, documentation and tests.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One file of `src`, as a flat list of tokens. A path's `::` is one token.
pub(crate) struct Source {
    /// Relative to the package, with slashes.
    pub(crate) path: String,
    tokens: Vec<String>,
}

impl Source {
    /// Reads every file of the program that is not a test.
    pub(crate) fn all() -> Vec<Self> {
        let is_test = |path: &Path| path.iter().any(|part| part == "tests" || part == "tests.rs");
        let src = files("src", "rs").into_iter();
        src.filter(|path| !is_test(path)).map(|path| Self::read(&path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(package().join(path)).unwrap();
        Self::of(path.display().to_string(), &text)
    }

    /// Takes a file's text.
    pub(crate) fn of(path: String, text: &str) -> Self {
        let stream: TokenStream = text.parse().unwrap();
        let mut tokens = vec![];
        flatten(stream, &mut tokens);
        Self { path, tokens }
    }

    /// The module of the crate that the file belongs to.
    pub(crate) fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split(['/', '.']).next().unwrap_or(inside)
    }

    /// Tells whether these tokens stand anywhere one after the other, such as `.unwrap(` or `Utc::now`.
    pub(crate) fn has(&self, tokens: &[&str]) -> bool {
        self.tokens.windows(tokens.len()).any(|window| window == tokens)
    }

    /// String literals as they stand in the source, quotes included.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str).filter(|token| token.contains('"'))
    }

    /// Messages of `.expect(…)`: the token that follows.
    pub(crate) fn expectations(&self) -> impl Iterator<Item = &str> {
        let calls = self.tokens.windows(4).filter(|w| w[..3] == [".", "expect", "("]);
        calls.map(|window| window[3].as_str())
    }

    /// Modules of the crate that the file names by `crate::module` or `crate::{module…}`.
    pub(crate) fn crate_modules(&self) -> BTreeSet<&str> {
        let mut modules = BTreeSet::new();
        for (index, window) in self.tokens.windows(3).enumerate() {
            match window {
                [root, path, open] if root == "crate" && path == "::" && open == "{" => {
                    modules.extend(first_words(&self.tokens[index + 3..]));
                }
                [root, path, module] if root == "crate" && path == "::" => {
                    modules.insert(module);
                }
                _ => {}
            }
        }
        modules
    }
}

/// The first word of every element of a brace group whose inside begins here.
fn first_words(tokens: &[String]) -> Vec<&str> {
    let (mut words, mut depth, mut first) = (vec![], 0, true);
    for token in tokens {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => break,
            "}" => depth -= 1,
            "," if depth == 0 => {
                first = true;
                continue;
            }
            word if first => words.push(word),
            _ => {}
        }
        first = false;
    }
    words
}

fn flatten(stream: TokenStream, into: &mut Vec<String>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let hash = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
        let inner =
            hash.then(|| trees.next_if(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == '!')));
        let attribute = match trees.peek() {
            Some(TokenTree::Group(group)) if hash => group.stream().to_string(),
            _ => String::new(),
        };
        if attribute.starts_with("doc") {
            trees.next();
        } else if attribute.replace(' ', "") == "cfg(test)" {
            trees.next();
            skip_item(&mut trees);
        } else {
            push(tree, into);
            inner.flatten().into_iter().for_each(|mark| push(mark, into));
        }
    }
}

/// Skips to the end of an item: its braces, or its semicolon.
fn skip_item(trees: &mut impl Iterator<Item = TokenTree>) {
    trees.find(|tree| match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    });
}

fn push(tree: TokenTree, into: &mut Vec<String>) {
    match tree {
        TokenTree::Group(group) => push_group(&group, into),
        // The second colon of a path's two.
        TokenTree::Punct(punct)
            if punct.as_char() == ':' && into.last().is_some_and(|l| l == ":") =>
        {
            into.pop();
            into.push("::".to_owned());
        }
        other => into.push(other.to_string()),
    }
}

fn push_group(group: &Group, into: &mut Vec<String>) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    into.push(open.to_owned());
    flatten(group.stream(), into);
    into.push(close.to_owned());
}

/// Every file under a folder of the package with such an ending, relative to the package.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(package().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The package's folder.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn comments_documentation_and_tests_are_no_source() {
    let text = r##"
        //! crate::one
        /* crate::two */
        use crate::{a::{b, c}, d, e::f as g};
        use crate::h;
        /// crate::three
        fn shown() { let x = "crate::four // five"; crate::i::go(); }
        #[cfg(test)]
        mod tests;
        #[cfg(test)]
        mod more { use crate::six; }
        #[derive(Debug)]
        struct S { at: ::k::L }
    "##;
    let source = Source::of("src/x/y.rs".to_owned(), text);
    assert_eq!(source.module(), "x");
    assert_eq!(source.crate_modules().into_iter().collect::<Vec<_>>(), ["a", "d", "e", "h", "i"]);
    assert_eq!(source.texts().collect::<Vec<_>>(), ["\"crate::four // five\""]);
    assert!(source.has(&["derive"]) && !source.has(&["mod"]));
}
