//! Answers as values (RFC 3501, 4731, 5161, 5819, 7162).

use super::{Value, value::Words};
use crate::uids::Uids;
use bytes::Bytes;

/// How a command ended, or what the server says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Done.
    Ok,
    /// Refused, or failed.
    No,
    /// Not understood.
    Bad,
    /// The connection is about to be closed.
    Bye,
    /// Signed in already, by other means.
    Preauth,
}

/// What stands in brackets before a text: `[UIDVALIDITY 7]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// In upper case.
    pub name: String,
    /// What follows the name.
    pub rest: String,
}

/// One answer.
pub enum Response {
    /// The end of a command.
    Done {
        /// Which command.
        tag: String,
        /// How.
        state: State,
        /// Why, for programs.
        code: Option<Code>,
        /// Why, for people.
        text: String,
    },
    /// Said by the way, and the greeting.
    Said {
        /// How.
        state: State,
        /// Why, for programs.
        code: Option<Code>,
        /// Why, for people.
        text: String,
    },
    /// The server waits for more: `+`, and what it says with it.
    Go(String),
    /// Data.
    Data(Data),
}

/// Data that a server sends, asked or not.
pub enum Data {
    /// `CAPABILITY`, `ENABLED`: names in upper case.
    Capability(Vec<String>),
    /// `LIST`.
    Folder {
        /// In lower case, with their backslash.
        attributes: Vec<String>,
        /// What stands between the levels of a name.
        delimiter: Option<u8>,
        /// As it came.
        name: Bytes,
    },
    /// `STATUS`: a folder and its numbers by their names in upper case.
    Status(Bytes, Vec<(String, u64)>),
    /// `SEARCH`, `ESEARCH`: what was found.
    Found(Uids),
    /// `EXISTS`: how many messages the folder has now.
    Exists(u32),
    /// `EXPUNGE`, or `VANISHED` without `EARLIER`: a message left just now.
    Left,
    /// `VANISHED (EARLIER)`: UIDs that left since the state that was asked about.
    Vanished(Uids),
    /// `FETCH`: items by their names in upper case.
    Message(Vec<(String, Value)>),
    /// A `FETCH` that can't be read but for its UID.
    Broken(u32),
    /// Anything else.
    Other,
}

/// Reads an answer; `None` when it can't be understood and must be.
pub fn read(answer: &Bytes) -> Option<Response> {
    if let Some(rest) = answer.strip_prefix(b"+") {
        return Some(Response::Go(String::from_utf8_lossy(rest).trim().to_owned()));
    }
    let (tag, rest) = word(answer)?;
    let (name, after) = word(rest).unwrap_or((rest.trim_ascii(), b""));
    let state = state(name);
    if tag != b"*" {
        let (code, text) = code_and_text(after);
        return Some(Response::Done {
            tag: String::from_utf8(tag.to_vec()).ok()?,
            state: state?,
            code,
            text,
        });
    }
    if let Some(state) = state {
        let (code, text) = code_and_text(after);
        return Some(Response::Said { state, code, text });
    }
    data(&answer.slice_ref(name), answer.slice_ref(after)).map(Response::Data)
}

/// The word up to a space, and what comes after it.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b' ')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

fn state(word: &[u8]) -> Option<State> {
    let states = [
        ("OK", State::Ok),
        ("NO", State::No),
        ("BAD", State::Bad),
        ("BYE", State::Bye),
        ("PREAUTH", State::Preauth),
    ];
    states.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, state)| state)
}

fn code_and_text(bytes: &[u8]) -> (Option<Code>, String) {
    let text = String::from_utf8_lossy(bytes).trim().to_owned();
    let Some((code, rest)) = text.strip_prefix('[').and_then(|inside| inside.split_once(']')) else {
        return (None, text);
    };
    let (name, arguments) = code.split_once(' ').unwrap_or((code, ""));
    let code = Code { name: name.to_ascii_uppercase(), rest: arguments.to_owned() };
    (Some(code), rest.trim().to_owned())
}

fn data(name: &Bytes, rest: Bytes) -> Option<Data> {
    let name = std::str::from_utf8(name).ok()?.to_ascii_uppercase();
    match name.as_str() {
        "CAPABILITY" | "ENABLED" => {
            let all = String::from_utf8_lossy(&rest).to_ascii_uppercase();
            Some(Data::Capability(all.split_ascii_whitespace().map(str::to_owned).collect()))
        }
        "LIST" => folder(rest),
        "STATUS" => status(rest),
        "SEARCH" => found(&rest),
        "ESEARCH" => found_in_ranges(rest),
        "VANISHED" => vanished(&rest),
        number => Some(number.parse().map_or(Data::Other, |number| numbered(number, rest))),
    }
}

fn folder(rest: Bytes) -> Option<Data> {
    let mut words = Words::new(rest);
    let attributes = words.next()?.list().iter().filter_map(Value::lower).collect();
    let delimiter = words.next()?.bytes().and_then(|bytes| bytes.first().copied());
    let name = match words.next()? {
        // A folder may be called NIL: only a string could say so without quotes.
        Value::Nil => Bytes::from_static(b"NIL"),
        name => name.bytes()?.clone(),
    };
    Some(Data::Folder { attributes, delimiter, name })
}

fn status(rest: Bytes) -> Option<Data> {
    let mut words = Words::new(rest);
    let name = words.next()?.bytes()?.clone();
    let numbers = words.next()?;
    let pairs = numbers.list().chunks_exact(2).filter_map(|pair| match pair {
        [name, number] => Some((name.text()?.to_ascii_uppercase(), number.number()?)),
        _ => None,
    });
    Some(Data::Status(name, pairs.collect()))
}

fn found(rest: &[u8]) -> Option<Data> {
    // With CONDSTORE `(MODSEQ n)` may follow.
    let text = std::str::from_utf8(rest).ok()?.split('(').next()?;
    let uids = text.split_ascii_whitespace().map(|word| word.parse().ok());
    Some(Data::Found(uids.collect::<Option<Uids>>()?))
}

fn found_in_ranges(rest: Bytes) -> Option<Data> {
    let words = Words::new(rest).all()?;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.text().is_some_and(|word| word.eq_ignore_ascii_case("ALL")) {
            return Some(Data::Found(Uids::parse(words.next()?.text()?)?));
        }
    }
    Some(Data::Found(Uids::default()))
}

fn vanished(rest: &[u8]) -> Option<Data> {
    let text = std::str::from_utf8(rest).ok()?.trim();
    match text.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
        Some((_, uids)) => Uids::parse(uids.trim()).map(Data::Vanished),
        None => Some(Data::Left),
    }
}

fn numbered(number: u32, rest: Bytes) -> Data {
    let mut words = Words::new(rest);
    match words.next().and_then(|word| word.lower()).as_deref() {
        Some("exists") => Data::Exists(number),
        Some("expunge") => Data::Left,
        Some("fetch") => {
            let items = words.rest();
            message(items.clone()).or_else(|| uid_of(&items).map(Data::Broken)).unwrap_or(Data::Other)
        }
        _ => Data::Other,
    }
}

fn message(rest: Bytes) -> Option<Data> {
    let items = Words::new(rest).next()?;
    let Value::List(items) = items else { return None };
    let mut items = items.into_iter();
    let mut pairs = Vec::with_capacity(8);
    while let Some(name) = items.next() {
        pairs.push((name.text()?.to_ascii_uppercase(), items.next()?));
    }
    Some(Data::Message(pairs))
}

/// The UID in an answer whose rest can't be read.
fn uid_of(items: &[u8]) -> Option<u32> {
    let upper = items.to_ascii_uppercase();
    let at = upper.windows(4).position(|word| word == b"UID ")?;
    let digits = upper.get(at + 4..)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
