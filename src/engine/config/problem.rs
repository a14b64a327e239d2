//! What is wrong with a configuration file, and where.

use std::{fmt, ops::Range};

/// A configuration file as read by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name as shown in errors.
    pub name: &'a str,
    /// Content.
    pub text: &'a str,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Works, but probably not as meant.
    Warning,
    /// The configuration is refused.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What it is about (`agent WAKE.SDRFORGE`).
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

/// The nearest of the known names, when it is near enough to be what was meant.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(candidate.len().max(name.len()) / 3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Position in the built-in text followed by the user's: one number says which file and line.
pub(super) type Span = Range<usize>;

/// A built-in file and the user's, with what was found wrong in either.
pub(super) struct Texts<'a> {
    builtin: Source<'a>,
    user: Option<Source<'a>>,
    pub problems: Vec<Problem>,
}

impl<'a> Texts<'a> {
    pub fn new(builtin: Source<'a>, user: Option<Source<'a>>) -> Self {
        Self { builtin, user, problems: Vec::new() }
    }

    /// Reads both files, each alone, so that an unknown key keeps its file and line.
    pub fn parse<T: serde::de::DeserializeOwned + Default>(&mut self) -> (T, T) {
        let builtin = self.parse_text::<T>(self.builtin.text);
        // Spans of the user's file begin where the built-in one ends.
        let user = self.user.map(|user| "\n".repeat(self.builtin.text.len()) + user.text);
        let user = user.map(|text| self.parse_text::<T>(&text)).unwrap_or_default();
        (builtin, user)
    }

    fn parse_text<T: serde::de::DeserializeOwned + Default>(&mut self, text: &str) -> T {
        match toml::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let (message, suggestion) = explain(error.message());
                self.error(&span, "", message, suggestion);
                T::default()
            }
        }
    }

    pub fn error(&mut self, span: &Span, key: &str, message: String, suggestion: Option<String>) {
        self.report(Severity::Error, span, key, message, suggestion);
    }

    pub fn warn(&mut self, span: &Span, key: &str, message: String, suggestion: Option<String>) {
        self.report(Severity::Warning, span, key, message, suggestion);
    }

    fn report(
        &mut self,
        severity: Severity,
        span: &Span,
        key: &str,
        message: String,
        suggestion: Option<String>,
    ) {
        let ((file, line), key) = (self.place(span), key.to_owned());
        self.problems.push(Problem { severity, file, line, key, message, suggestion });
    }

    /// File and line.
    pub fn place(&self, span: &Span) -> (String, usize) {
        let (source, at) = match self.user {
            Some(user) if span.start >= self.builtin.text.len() => {
                (user, span.start - self.builtin.text.len())
            }
            _ => (self.builtin, span.start),
        };
        let before = source.text.get(..at).unwrap_or(source.text);
        (source.name.to_owned(), 1 + before.bytes().filter(|byte| *byte == b'\n').count())
    }
}

/// Puts the parser's words shortly, and finds what was meant by an unknown name among those that it lists.
fn explain(message: &str) -> (String, Option<String>) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((name, known)) = quoted.split_first().filter(|_| message.starts_with("unknown ")) else {
        return (message.trim().replace('\n', ", "), None);
    };
    let what = if message.starts_with("unknown field") { "key" } else { "value" };
    let suggestion = nearest(name, known.iter().copied());
    let message = match suggestion {
        Some(_) => format!("unknown {what} `{name}`"),
        None => format!("unknown {what} `{name}`; known: {}", known.join(", ")),
    };
    (message, suggestion.map(Into::into))
}
