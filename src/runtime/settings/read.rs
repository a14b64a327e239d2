//! How a file is read: key by key over the spanned document, so that every mistake is told at once, each with
//! its place, and what is not mentioned keeps the value of the layer below.

use serde::de::{DeserializeOwned, IntoDeserializer};
use std::{collections::BTreeMap, fmt, ops::Range, path::Path, path::PathBuf};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One mistake in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which file.
    pub file: PathBuf,
    /// Line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Where in the document (`connection.hubspot.mode`); empty for a syntax error.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean {suggestion:?}?"),
            None => Ok(()),
        }
    }
}

/// A value of the document with its place.
pub type Node<'i> = Spanned<DeValue<'i>>;

/// Collects mistakes and knows where in the document the reader stands.
pub struct Sink<'a> {
    file: &'a Path,
    text: &'a str,
    path: Vec<String>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Sink<'a> {
    /// For one file.
    pub fn new(file: &'a Path, text: &'a str, problems: &'a mut Vec<Problem>) -> Self {
        Self { file, text, path: Vec::new(), problems }
    }

    /// Runs `inner` one level deeper.
    pub fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.path.push(name.to_owned());
        inner(self);
        self.path.pop();
    }

    /// Notes a mistake at a place of the text.
    pub fn problem(&mut self, span: Range<usize>, what: impl Into<String>, suggestion: Option<String>) {
        let line = line_at(self.text, span.start);
        let (file, key) = (self.file.to_owned(), self.path.join("."));
        self.problems.push(Problem { file, line, key, what: what.into(), suggestion });
    }

    /// A key that nobody knows, with the nearest known one.
    pub fn unknown(&mut self, span: Range<usize>, key: &str, known: &[&str]) {
        let secret = ["token", "password", "api_key", "apikey", "access_token", "client_secret"];
        self.within(key, |sink| {
            if secret.contains(&key) {
                let what =
                    "secrets are not kept in this file: `sales-orchestrator connect VENDOR` stores them";
                sink.problem(span, what, None);
            } else {
                sink.problem(span, "unknown key", nearest(key, known));
            }
        });
    }

    /// The table's entries; anything else is a mistake and gives none.
    pub fn table<'i>(&mut self, node: Node<'i>) -> DeTable<'i> {
        let span = node.span();
        match node.into_inner() {
            DeValue::Table(table) => table,
            other => {
                self.problem(span, format!("expected a table, found {}", article(other.type_str())), None);
                DeTable::new()
            }
        }
    }

    /// Deserialises a value; a mistake gives `None`.
    pub fn value<T: DeserializeOwned>(&mut self, node: Node<'_>) -> Option<T> {
        let span = node.span();
        match T::deserialize(node.into_deserializer()) {
            Ok(value) => Some(value),
            Err(error) => {
                let (what, suggestion) = mend(error.message());
                self.problem(error.span().unwrap_or(span), what, suggestion);
                None
            }
        }
    }
}

/// Something that a document can set, in whole or in part.
pub trait Setting {
    /// Takes over what the node says; the rest stays.
    fn set(&mut self, node: Node<'_>, sink: &mut Sink<'_>);
}

/// An entry of a list that is overlaid by name.
pub trait Listed: Setting {
    /// The key that names an entry (`id`).
    const NAME: &'static str;
    /// A new entry with defaults.
    fn named(name: &str) -> Self;
    /// Its name.
    fn name(&self) -> &str;
    /// What is still wrong with it after it was read.
    fn complete(&self) -> Result<(), String>;
}

impl<T: Listed> Setting for Vec<T> {
    fn set(&mut self, node: Node<'_>, sink: &mut Sink<'_>) {
        let span = node.span();
        let DeValue::Array(entries) = node.into_inner() else {
            return sink.problem(span, "expected a list of tables: write it in double brackets", None);
        };
        let mut seen = Vec::new();
        for entry in entries {
            let span = entry.span();
            let mut table = sink.table(entry);
            let Some(name) = table.remove(T::NAME).and_then(|name| sink.value::<String>(name)) else {
                sink.problem(span, format!("an entry needs `{}`", T::NAME), None);
                continue;
            };
            sink.within(&name.clone(), |sink| {
                if seen.contains(&name) {
                    return sink.problem(span.clone(), format!("a second entry with this {}", T::NAME), None);
                }
                seen.push(name.clone());
                if let Some(true) = table.remove("remove").and_then(|remove| sink.value(remove)) {
                    return self.retain(|known| known.name() != name);
                }
                let at = self.iter().position(|known| known.name() == name).unwrap_or_else(|| {
                    self.push(T::named(&name));
                    self.len() - 1
                });
                let Some(known) = self.get_mut(at) else { return };
                known.set(Spanned::new(span.clone(), DeValue::Table(table)), sink);
                if let Err(what) = known.complete() {
                    sink.problem(span, what, None);
                }
            });
        }
    }
}

impl<K: DeserializeOwned + Ord, V: DeserializeOwned> Setting for BTreeMap<K, V> {
    fn set(&mut self, node: Node<'_>, sink: &mut Sink<'_>) {
        for (key, node) in sink.table(node) {
            sink.within(key.get_ref().as_ref(), |sink| {
                let name = Spanned::new(key.span(), DeValue::String(key.get_ref().clone()));
                if let (Some(key), Some(value)) = (sink.value(name), sink.value(node)) {
                    self.insert(key, value);
                }
            });
        }
    }
}

/// Values that are replaced as a whole.
macro_rules! leaf {
    ($($type:ty),* $(,)?) => { $(
        impl $crate::settings::read::Setting for $type {
            fn set(
                &mut self,
                node: $crate::settings::read::Node<'_>,
                sink: &mut $crate::settings::read::Sink<'_>,
            ) {
                if let Some(value) = sink.value(node) {
                    *self = value;
                }
            }
        }
    )* };
}
pub(crate) use leaf;

leaf!(bool, u32, u64, f64, String, Option<String>, Vec<String>, Option<PathBuf>, Option<u32>);

/// A section: its keys with documentation and default.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident : $type:ty = $default:expr, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $( $(#[$field_meta])* pub $field: $type, )* }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $crate::settings::read::Setting for $name {
            fn set(
                &mut self,
                node: $crate::settings::read::Node<'_>,
                sink: &mut $crate::settings::read::Sink<'_>,
            ) {
                for (key, node) in sink.table(node) {
                    match key.get_ref().as_ref() {
                        $( stringify!($field) => sink.within(stringify!($field), |sink| {
                            $crate::settings::read::Setting::set(&mut self.$field, node, sink);
                        }), )*
                        other => sink.unknown(key.span(), other, &[$( stringify!($field) ),*]),
                    }
                }
            }
        }
    };
}
pub(crate) use section;

/// Number of the line, from 1, that a place of the text is in.
pub fn line_at(text: &str, place: usize) -> usize {
    1 + text.char_indices().take_while(|(at, _)| *at < place).filter(|(_, c)| *c == '\n').count()
}

/// The nearest of the known names, when it is near enough to be what was meant.
pub fn nearest(name: &str, known: &[&str]) -> Option<String> {
    engine::config::nearest(name, known.iter().copied()).map(str::to_owned)
}

/// Serde lists what it expected in backticks after the name that it found: the nearest of those is a suggestion.
fn mend(message: &str) -> (String, Option<String>) {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let suggestion = match names.split_first() {
        Some((found, known)) if message.starts_with("unknown variant") => nearest(found, known),
        _ => None,
    };
    (message.trim_end().to_owned(), suggestion)
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
