//! How much one request may ask for. What is over a limit is refused before anything is executed.
//!
//! # Correctness
//! The text is looked through before it is parsed, since the parser descends once per bracket. Fragments are counted
//! once and multiplied, so that fragments which double each other cost nothing to refuse.

use std::collections::HashMap;

use async_graphql::{
    Name,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

use super::error::{ApiError, ApiResult};

/// Largest document, in bytes; variables are not part of it.
const MAX_TEXT: usize = 64 * 1024;
/// Most words, values and brackets of a document: a bulk change of 1000 may name its ids in place.
const MAX_TOKENS: usize = 4000;
/// Most brackets around a place in a document.
const MAX_NESTING: usize = 64;
/// Most fields inside each other; the standard introspection query has 15.
const MAX_DEPTH: usize = 16;
/// Most fields that an operation selects in all, each use of a fragment counted.
const MAX_FIELDS: usize = 300;
/// Most fields that an operation gives other names: the usual way around a limit on fields that cost much.
const MAX_ALIASES: usize = 30;
/// Most queries or mutations in one operation.
const MAX_ROOT_FIELDS: usize = 20;
/// Most related objects and lists that one answer may lead to.
pub(super) const MAX_RELATED: usize = 50_000;

/// Looks through a document before it is parsed.
pub(super) fn check_text(text: &str) -> ApiResult<()> {
    within("the document has", text.len(), MAX_TEXT, "bytes")?;
    let (tokens, nesting) = measure(text);
    within("the document has", tokens, MAX_TOKENS, "tokens")?;
    within("the document nests", nesting, MAX_NESTING, "brackets")
}

/// Looks through every operation of a document.
pub(super) fn check_document(document: &ExecutableDocument) -> ApiResult<()> {
    let mut counting = Counting { document, fragments: HashMap::new() };
    for (_, operation) in document.operations.iter() {
        let size = counting.size_of(&operation.node.selection_set.node);
        within("the operation has", size.direct, MAX_ROOT_FIELDS, "fields at its root")?;
        within("the operation nests", size.depth, MAX_DEPTH, "fields")?;
        within("the operation selects", size.fields, MAX_FIELDS, "fields in all")?;
        within("the operation has", size.aliases, MAX_ALIASES, "aliases")?;
    }
    Ok(())
}

fn within(beginning: &str, found: usize, limit: usize, unit: &str) -> ApiResult<()> {
    if found <= limit {
        return Ok(());
    }
    let problem = format!("{beginning} {found} {unit}: at most {limit} are taken in one request");
    Err(ApiError::invalid("query", problem))
}

/// Counts a text's tokens, and the brackets around its innermost place.
fn measure(text: &str) -> (usize, usize) {
    let (mut tokens, mut depth, mut deepest) = (0, 0_usize, 0);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => string_length(rest),
            c if is_wordy(c) => rest.find(|c| !is_wordy(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match next {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        let counts = next != '#' && next != ',' && next != '\u{feff}' && !next.is_whitespace();
        tokens += usize::from(counts && !token.is_empty());
    }
    (tokens, deepest)
}

fn is_wordy(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+')
}

/// Returns the length of the string that a text begins with, quotes included; of all of it where it does not end.
fn string_length(text: &str) -> usize {
    let (quote, escape) =
        if text.starts_with("\"\"\"") { ("\"\"\"", "\\\"\"\"") } else { ("\"", "\\") };
    let mut at = quote.len();
    loop {
        let rest = &text[at..];
        if rest.is_empty() {
            return text.len();
        }
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        at += match rest.strip_prefix(escape) {
            // What is escaped by one character is one character itself.
            Some(escaped) if quote.len() == 1 => {
                escape.len() + escaped.chars().next().map_or(0, char::len_utf8)
            }
            Some(_) => escape.len(),
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
    }
}

/// How much a selection asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    /// Fields at its top.
    direct: usize,
    /// Fields at its top and below.
    fields: usize,
    aliases: usize,
    depth: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.direct = self.direct.saturating_add(other.direct);
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.depth = self.depth.max(other.depth);
    }
}

struct Counting<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being counted: one that contains itself is for the validation to refuse.
    fragments: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Counting<'a> {
    fn size_of(&mut self, set: &'a SelectionSet) -> Size {
        let mut size = Size::default();
        for selection in &set.items {
            size.add(match &selection.node {
                Selection::Field(field) => {
                    let below = self.size_of(&field.node.selection_set.node);
                    Size {
                        direct: 1,
                        fields: below.fields.saturating_add(1),
                        aliases: below.aliases.saturating_add(field.node.alias.iter().count()),
                        depth: below.depth + 1,
                    }
                }
                Selection::InlineFragment(inline) => self.size_of(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    self.size_of_fragment(&spread.node.fragment_name.node)
                }
            });
        }
        size
    }

    fn size_of_fragment(&mut self, name: &'a Name) -> Size {
        if let Some(known) = self.fragments.get(name) {
            return known.unwrap_or_default();
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Size::default() };
        self.fragments.insert(name, None);
        let size = self.size_of(&fragment.node.selection_set.node);
        self.fragments.insert(name, Some(size));
        size
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use test_case::test_case;

    use super::*;

    #[test_case("" => (0, 0); "nothing")]
    #[test_case("{ a(b: [1, -2.5e+3]) { ...c } } # { [ (" => (14, 3); "words, numbers and brackets")]
    #[test_case(r#"{ a(b: "{[(\"{", c: "") }"# => (11, 2); "strings")]
    #[test_case("{ a(b: \"\"\"{ \\\"\"\" [ \"\"\") }" => (8, 2); "block strings")]
    #[test_case("\"{ ä\\ö" => (1, 0); "a string without an end")]
    fn text_is_measured_without_its_strings_and_comments(text: &str) -> (usize, usize) {
        measure(text)
    }

    #[test]
    fn brackets_are_refused_before_they_are_parsed() {
        let nested = |levels| format!("{{ a(b: {}{}) }}", "[".repeat(levels), "]".repeat(levels));
        assert!(check_text(&nested(MAX_NESTING - 2)).is_ok());
        assert!(check_text(&nested(30_000)).is_err());
    }

    fn checked(text: &str) -> bool {
        check_text(text).and_then(|()| check_document(&parse_query(text).unwrap())).is_ok()
    }

    #[test]
    fn every_limit_is_taken_to_the_full_and_not_beyond() {
        let nested = |depth: usize| format!("{}{}", "{ a ".repeat(depth), "}".repeat(depth));
        let fields = |count: usize| format!("{{ r {{ {} }} }}", "a ".repeat(count - 1));
        let aliases = |count: usize| format!("{{ r {{ {} }} }}", "a: b ".repeat(count));
        let roots = |count: usize| format!("{{ {} }}", "a ".repeat(count));
        for (make, limit) in [
            (&nested as &dyn Fn(usize) -> String, MAX_DEPTH),
            (&fields, MAX_FIELDS),
            (&aliases, MAX_ALIASES),
            (&roots, MAX_ROOT_FIELDS),
        ] {
            assert!(checked(&make(limit)), "{}", make(limit));
            assert!(!checked(&make(limit + 1)), "{}", make(limit + 1));
        }
    }

    #[test]
    fn fragments_count_wherever_they_are_used() {
        let mut text = "{ ...f0 }".to_owned();
        for level in 0..60 {
            let next = level + 1;
            text += &format!(" fragment f{level} on A {{ a {{ ...f{next} ...f{next} }} }}");
        }
        assert!(!checked(&format!("{text} fragment f60 on A {{ a }}")));
        assert!(checked("{ ...f } fragment f on A { a { ...f } }"));
    }
}
