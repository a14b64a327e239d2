//! What a server's refusals mean (RFC 5530 and what servers say besides).

use crate::wire::{Code, State};
use connect::{Broken, Error, ErrorKind, Sent, http::redact};
use std::time::Duration;

/// How long to leave a server alone that says it has enough of us.
const LEAVE_ALONE: Duration = Duration::from_secs(60);

/// A command that ended with something other than OK.
pub fn of(command: &str, state: State, code: Option<&Code>, text: &str) -> Error {
    let name = code.map_or("", |code| code.name.as_str());
    let signing_in = matches!(command, "LOGIN" | "AUTHENTICATE");
    let words = text.to_ascii_lowercase();
    let crowded = ["too many", "maximum number of connections", "rate limit", "throttled", "try again later"]
        .iter()
        .any(|hint| words.contains(hint));
    let kind = match name {
        "AUTHENTICATIONFAILED" | "EXPIRED" | "AUTHORIZATIONFAILED" => ErrorKind::Unauthorized,
        "PRIVACYREQUIRED" => ErrorKind::Config,
        "CONTACTADMIN" if signing_in => ErrorKind::NotConnected,
        "NOPERM" | "CONTACTADMIN" => ErrorKind::Forbidden { missing: Vec::new() },
        "LIMIT" | "OVERQUOTA" | "THROTTLED" => ErrorKind::RateLimited { after: Some(LEAVE_ALONE) },
        "INUSE" => ErrorKind::Busy { after: None },
        // Asked for other messages it may do better.
        "SERVERBUG" | "CORRUPTION" if command == "UID FETCH" && state != State::Bye => ErrorKind::Invalid,
        "UNAVAILABLE" | "SERVERBUG" | "CORRUPTION" => ErrorKind::Server,
        "NONEXISTENT" | "TRYCREATE" | "UIDNOTSTICKY" => ErrorKind::NotFound,
        _ if crowded => ErrorKind::RateLimited { after: Some(LEAVE_ALONE) },
        _ if state == State::Bye => ErrorKind::Network,
        _ if signing_in && state == State::No => ErrorKind::Unauthorized,
        _ => ErrorKind::Invalid,
    };
    let code = if name.is_empty() { String::new() } else { format!(" [{name}]") };
    let detail = redact::detail(&format!("{command}: {}{code} {text}", word(state)));
    // A BYE says nothing of the command that was under way.
    let sent = if state == State::Bye { Sent::MaybeSent } else { Sent::Answered };
    Error { kind, sent, detail }
}

/// The connection broke, or went quiet.
pub fn lost(command: &str, why: &str, timeout: bool) -> Error {
    Broken { sent: Sent::MaybeSent, timeout, why: redact::detail(why) }.into_error(command)
}

/// An answer that makes no sense.
pub fn garbled(command: &str, what: &str) -> Error {
    Error::answered(ErrorKind::Garbled, format!("{command}: {what}"))
}

const fn word(state: State) -> &'static str {
    match state {
        State::Ok => "OK",
        State::No => "NO",
        State::Bad => "BAD",
        State::Bye => "BYE",
        State::Preauth => "PREAUTH",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(command: &str, state: State, name: &str, text: &str) -> ErrorKind {
        let code = Code { name: name.to_owned(), rest: String::new() };
        of(command, state, Some(&code).filter(|code| !code.name.is_empty()), text).kind
    }

    #[test]
    fn every_refusal_has_its_meaning() {
        let limited = ErrorKind::RateLimited { after: Some(LEAVE_ALONE) };
        for (command, state, name, text, expected) in [
            ("LOGIN", State::No, "AUTHENTICATIONFAILED", "Authentication failed.", ErrorKind::Unauthorized),
            ("AUTHENTICATE", State::No, "", "failed", ErrorKind::Unauthorized),
            ("LOGIN", State::No, "UNAVAILABLE", "Temporary authentication failure.", ErrorKind::Server),
            ("LOGIN", State::No, "", "Too many simultaneous connections.", limited.clone()),
            ("LOGIN", State::No, "CONTACTADMIN", "account locked", ErrorKind::NotConnected),
            ("LOGIN", State::No, "PRIVACYREQUIRED", "Use TLS", ErrorKind::Config),
            ("LOGIN", State::No, "LIMIT", "", limited.clone()),
            ("the greeting", State::Bye, "", "Maximum number of connections exceeded", limited),
            ("UID FETCH", State::Bye, "", "Disconnected for inactivity.", ErrorKind::Network),
            ("UID FETCH", State::Bye, "UNAVAILABLE", "down for maintenance", ErrorKind::Server),
            ("EXAMINE", State::No, "NONEXISTENT", "Unknown Mailbox", ErrorKind::NotFound),
            ("EXAMINE", State::No, "INUSE", "locked", ErrorKind::Busy { after: None }),
            ("EXAMINE", State::No, "NOPERM", "no", ErrorKind::Forbidden { missing: Vec::new() }),
            ("UID FETCH", State::No, "SERVERBUG", "Internal error", ErrorKind::Invalid),
            ("EXAMINE", State::No, "SERVERBUG", "Internal error", ErrorKind::Server),
            ("UID FETCH", State::Bad, "", "Error in IMAP command", ErrorKind::Invalid),
        ] {
            assert_eq!(kind(command, state, name, text), expected, "{command} {name} {text}");
        }
    }
}
