//! A signed-in session: commands and their answers.

mod folder;
pub mod idle;
mod line;
mod login;
mod open;

pub use folder::{Chosen, Numbers, Selected, uid};

use crate::{
    BUCKET, refusal,
    wire::{Code, Command, Data, Response, State},
};
use connect::{Cx, Error, ErrorKind};
use line::Line;
use std::collections::BTreeSet;

/// One connection to a server, signed in. After an error other than a refusal of one command it is thrown away.
pub struct Session {
    line: Line,
    capabilities: BTreeSet<String>,
    tag: u32,
    selected: Option<Selected>,
    ahead: Option<Ahead>,
}

/// A command that was sent before anybody waits for its answer.
struct Ahead {
    tag: String,
    name: String,
    /// As it was sent.
    text: Vec<u8>,
}

/// What came of a command.
pub struct Done {
    /// Data that came before its end.
    pub data: Vec<Data>,
    /// Codes of what was said by the way, and of the end itself.
    pub codes: Vec<Code>,
}

impl Session {
    /// Does the server offer this? In upper case.
    pub fn offers(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Sends a command and reads to its end. Anything but OK is an error.
    pub async fn run(&mut self, cx: &Cx<'_>, command: Command) -> Result<Done, Error> {
        if let Some(ahead) = self.ahead.take() {
            let done = self.finish(cx, &ahead.tag, &ahead.name).await;
            if command.pieces().eq([&*ahead.text]) {
                return noted(cx, done);
            }
            if let Err(error) = done
                && error.kind != ErrorKind::Invalid
            {
                return noted(cx, Err(error));
            }
        }
        let permit = cx.limiter.admit(BUCKET, cx.lane, cx.clock).await?;
        let done = self.exchange(cx, &command).await;
        // No answer of IMAP speaks of limits.
        cx.limiter.lost(permit, cx.clock.now());
        noted(cx, done)
    }

    /// Sends a command without literals whose answer is read by the same command later, so that the server works on it
    /// meanwhile. Whatever else is asked for first throws that answer away.
    pub async fn send_ahead(&mut self, cx: &Cx<'_>, command: &Command) -> Result<(), Error> {
        let (Some(text), None) = (command.pieces().next(), &self.ahead) else { return Ok(()) };
        let permit = cx.limiter.admit(BUCKET, cx.lane, cx.clock).await?;
        let (text, tag) = (text.to_vec(), self.next_tag());
        let bytes = [tag.as_bytes(), b" ", &text, b"\r\n"].concat();
        let sent = self.line.send(command.name(), &bytes, cx.timeout).await;
        cx.limiter.lost(permit, cx.clock.now());
        self.ahead = Some(Ahead { tag, name: command.name().to_owned(), text });
        sent
    }

    async fn exchange(&mut self, cx: &Cx<'_>, command: &Command) -> Result<Done, Error> {
        let tag = self.next_tag();
        let mut bytes = format!("{tag} ").into_bytes();
        for (at, piece) in command.pieces().enumerate() {
            if at > 0 {
                bytes.extend_from_slice(b"\r\n");
                self.line.send(command.name(), &bytes, cx.timeout).await?;
                self.invited(cx, &tag, command.name()).await?;
                bytes.clear();
            }
            bytes.extend_from_slice(piece);
        }
        bytes.extend_from_slice(b"\r\n");
        self.line.send(command.name(), &bytes, cx.timeout).await?;
        self.finish(cx, &tag, command.name()).await
    }

    fn next_tag(&mut self) -> String {
        self.tag += 1;
        format!("A{}", self.tag)
    }

    /// Waits until the server asks for more, and gives what it says with that.
    async fn invited(&mut self, cx: &Cx<'_>, tag: &str, name: &str) -> Result<String, Error> {
        loop {
            match self.line.answer(name, cx.timeout).await? {
                Response::Go(text) => return Ok(text),
                Response::Done { tag: of, state, code, text } if of == tag => {
                    return Err(refusal::of(name, state, code.as_ref(), &text));
                }
                Response::Said { state: State::Bye, code, text } => {
                    return Err(refusal::of(name, State::Bye, code.as_ref(), &text));
                }
                Response::Said { .. } | Response::Data(_) | Response::Done { .. } => {}
            }
        }
    }

    /// Reads to the end of the command with this tag.
    async fn finish(&mut self, cx: &Cx<'_>, tag: &str, name: &str) -> Result<Done, Error> {
        let mut done = Done { data: Vec::new(), codes: Vec::new() };
        loop {
            match self.line.answer(name, cx.timeout).await? {
                Response::Done { tag: of, state, code, text } if of == tag => {
                    if state != State::Ok {
                        return Err(refusal::of(name, state, code.as_ref(), &text));
                    }
                    done.codes.extend(code);
                    return Ok(done);
                }
                Response::Said { state: State::Bye, code, text } => {
                    return Err(refusal::of(name, State::Bye, code.as_ref(), &text));
                }
                Response::Said { code, .. } => done.codes.extend(code),
                Response::Data(data) => done.data.push(data),
                Response::Done { .. } => return Err(refusal::garbled(name, "the end of another command")),
                Response::Go(_) => return Err(refusal::garbled(name, "the server asks for more")),
            }
        }
    }
}

/// Lets the limiter know of a refusal.
fn noted(cx: &Cx<'_>, done: Result<Done, Error>) -> Result<Done, Error> {
    if let Err(error) = &done {
        cx.limiter.refused(BUCKET, &error.kind, cx.clock.now());
    }
    done
}
