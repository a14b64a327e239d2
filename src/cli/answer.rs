//! What a verb answers, and how it gets to the screen.

use crate::text::Paint;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};

/// Done.
pub const DONE: u8 = 0;
/// Failed.
pub const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// Another instance runs.
pub const RUNNING: u8 = 3;
/// Changes are pending.
pub const PENDING: u8 = 4;
/// Something does not work as it should.
pub const DEGRADED: u8 = 5;

/// What a verb answers.
#[derive(Debug)]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// Exit code.
    pub code: u8,
}

impl Answer {
    /// Done.
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, code: DONE }
    }
    /// With another exit code.
    pub fn code(self, code: u8) -> Self {
        Self { code, ..self }
    }
    /// Nothing is left to say.
    pub fn silent() -> Self {
        Self::new("", Value::Null)
    }
}

/// A mistake of the user's: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// A [`Usage`] as an error of any verb.
pub fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// How this process talks.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// JSON instead of text.
    pub json: bool,
    /// A person watches.
    pub terminal: bool,
    /// Colours.
    pub paint: Paint,
    /// Columns of the screen; wide where there is none.
    pub columns: usize,
}

impl Screen {
    /// Of this process.
    pub fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal() && !json;
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        let size = terminal_size::terminal_size().filter(|_| terminal);
        let columns = size.map_or(400, |(width, _)| usize::from(width.0).max(40));
        Self { json, terminal, paint: Paint(colour), columns }
    }

    /// Prints an answer.
    pub fn answer(&self, answer: &Answer) -> io::Result<()> {
        if self.json && !answer.json.is_null() {
            return Self::line(&serde_json::to_string_pretty(&answer.json)?);
        }
        if self.json || answer.text.is_empty() { Ok(()) } else { Self::line(answer.text.trim_end()) }
    }

    /// Prints a line (or several) at once. A reader that went away, such as `head`, is no failure.
    pub fn line(text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }

    /// Draws the screen anew.
    pub fn redraw(text: &str) -> io::Result<()> {
        Self::line(&format!("\u{1b}[H\u{1b}[2J{text}"))
    }

    /// Tells about a failure on standard error and gives its exit code.
    pub fn failure(&self, error: &anyhow::Error) -> u8 {
        let code = code_of(error);
        let text = error.chain().map(|cause| clean_lines(&cause.to_string())).collect::<Vec<_>>().join(": ");
        let told = if self.json {
            writeln!(io::stderr(), "{}", json!({ "error": text, "code": code }))
        } else {
            writeln!(io::stderr(), "error: {text}")
        };
        // Standard error is gone: the exit code still says it.
        told.map_or(code, |()| code)
    }
}

/// Keeps our own line ends (a list of problems), escapes the rest.
fn clean_lines(text: &str) -> String {
    text.lines().map(crate::text::clean).collect::<Vec<_>>().join("\n")
}

fn code_of(error: &anyhow::Error) -> u8 {
    let is = |cause: &(dyn std::error::Error + 'static)| {
        if cause.is::<Usage>() {
            return Some(USAGE);
        }
        match cause.downcast_ref::<store::Error>() {
            Some(store::Error::Running { .. }) => Some(RUNNING),
            Some(_) | None => None,
        }
    };
    error.chain().find_map(is).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_exit_code_follows_from_the_cause_whatever_was_said_around_it() {
        let running = store::Error::Running { path: "data".into(), pid: "7".into() };
        let running = Err::<(), _>(running).context("starting").unwrap_err();
        assert_eq!(code_of(&running), RUNNING);
        assert_eq!(code_of(&usage("no such deal").context("why")), USAGE);
        assert_eq!(code_of(&anyhow::anyhow!("disk")), FAILED);
    }
}
