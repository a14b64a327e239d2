//! What servers answer (RFC 5321, 4.2): a code of three digits, one or more lines.

use connect::{Error, ErrorKind, Sent, http::redact};
use std::io::{Error as IoError, ErrorKind as IoKind};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Longest line taken; RFC 5321 allows 512, servers go beyond.
const LONGEST_LINE: u64 = 4_096;
const MOST_LINES: usize = 128;

/// A whole reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reply {
    pub code: u16,
    pub lines: Vec<String>,
}

impl Reply {
    /// Reads one; `InvalidData` when it is none, `UnexpectedEof` when the server went away.
    pub async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Self, IoError> {
        let mut reply = None::<Self>;
        loop {
            let (code, last, text) = parse(&line(from).await?)?;
            let reply = reply.get_or_insert_with(|| Self { code, lines: Vec::new() });
            if reply.code != code || reply.lines.len() == MOST_LINES {
                return Err(garbled("a reply whose lines don't belong together"));
            }
            reply.lines.push(text);
            if last {
                return Ok(reply.clone());
            }
        }
    }

    /// Went as asked.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The server's words for people: one line, without secrets.
    pub fn words(&self) -> String {
        redact::detail(&format!("{} {}", self.code, self.lines.join(" ")))
    }

    /// A reply that is no yes, as an error. `4yz` is for now, `5yz` for good, except where it is about our
    /// sign-in or a day's allowance, which a person or time puts right.
    pub fn refusal(&self, step: &str, sent: Sent) -> Error {
        let detail = format!("{step}: {}", self.words());
        let kind = match self.code {
            // RFC 4954, 6: sign-in is needed, too weak, wrong, or needs TLS.
            530 | 534 | 535 | 538 => ErrorKind::NotConnected,
            400..500 => ErrorKind::Busy { after: None },
            500..600 if self.allowance_used_up() => ErrorKind::DailyLimit { until: None },
            500..600 => ErrorKind::Invalid,
            _ => return Error { kind: ErrorKind::Garbled, sent, detail },
        };
        Error { kind, sent: Sent::Answered, detail }
    }

    /// Google's `550 5.4.5 Daily user sending limit exceeded`, Microsoft's `SubmissionQuotaExceeded`.
    fn allowance_used_up(&self) -> bool {
        let words = self.lines.join(" ").to_ascii_lowercase();
        (words.starts_with("5.4.5") && words.contains("limit")) || words.contains("submissionquotaexceeded")
    }
}

async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<u8>, IoError> {
    let mut line = Vec::new();
    from.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    if line.last() != Some(&b'\n') {
        let gone = line.len() < usize::try_from(LONGEST_LINE).unwrap_or(usize::MAX);
        return Err(if gone { IoKind::UnexpectedEof.into() } else { garbled("a line without end") });
    }
    Ok(line)
}

/// Code, whether it is the last line, and the text.
fn parse(line: &[u8]) -> Result<(u16, bool, String), IoError> {
    let none = || garbled("an answer that is no SMTP reply");
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let code = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let code = code.and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
    let (last, rest) = match text.get(3..).and_then(|rest| rest.chars().next().map(|mark| (mark, rest))) {
        None => (true, ""),
        Some((' ', rest)) => (true, rest.trim_start()),
        Some(('-', rest)) => (false, rest.trim_start_matches('-')),
        Some(_) => return Err(none()),
    };
    Ok((code.ok_or_else(none)?, last, rest.to_owned()))
}

fn garbled(what: &'static str) -> IoError {
    IoError::new(IoKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<Reply, IoKind> {
        Reply::read(&mut tokio::io::BufReader::new(bytes)).await.map_err(|error| error.kind())
    }

    #[tokio::test]
    async fn replies_have_one_or_many_lines_with_or_without_text() {
        for (bytes, code, lines) in [
            (&b"250 2.1.0 ok\r\n"[..], 250, &["2.1.0 ok"][..]),
            (b"250-mail.example\r\n250-SIZE 10\r\n250 HELP\r\n", 250, &["mail.example", "SIZE 10", "HELP"]),
            (b"354\r\n", 354, &[""]),
            (b"220 ready\n", 220, &["ready"]),
            (b"550 caf\xe9 closed\r\n", 550, &["caf\u{fffd} closed"]),
        ] {
            let reply = read(bytes).await.unwrap();
            assert_eq!((reply.code, reply.lines.as_slice()), (code, lines.map_strings().as_slice()));
        }
    }

    trait Strings {
        fn map_strings(&self) -> Vec<String>;
    }
    impl Strings for &[&str] {
        fn map_strings(&self) -> Vec<String> {
            self.iter().map(ToString::to_string).collect()
        }
    }

    #[tokio::test]
    async fn what_is_no_reply_is_told_from_a_server_that_went_away() {
        for bytes in [&b"HTTP/1.1 400\r\n"[..], b"99 low\r\n", b"250_x\r\n", b"250-a\r\n251 b\r\n", b"\r\n"] {
            assert_eq!(read(bytes).await.unwrap_err(), IoKind::InvalidData, "{bytes:?}");
        }
        assert_eq!(read(&[b'2'; 10_000]).await.unwrap_err(), IoKind::InvalidData);
        let endless = b"250-a\r\n".repeat(1_000);
        assert_eq!(read(&endless).await.unwrap_err(), IoKind::InvalidData);
        for bytes in [&b""[..], b"25", b"250-a\r\n", b"250 ok"] {
            assert_eq!(read(bytes).await.unwrap_err(), IoKind::UnexpectedEof, "{bytes:?}");
        }
    }

    #[test]
    fn a_refusal_says_whether_time_a_person_or_nothing_helps() {
        let kind = |code, text: &str| {
            Reply { code, lines: vec![text.to_owned()] }.refusal("RCPT", Sent::NotSent).kind
        };
        assert_eq!(kind(451, "4.7.1 greylisted"), ErrorKind::Busy { after: None });
        assert_eq!(kind(421, "closing"), ErrorKind::Busy { after: None });
        assert_eq!(kind(550, "5.1.1 no such user"), ErrorKind::Invalid);
        assert_eq!(
            kind(550, "5.4.5 Daily user sending limit exceeded"),
            ErrorKind::DailyLimit { until: None }
        );
        assert_eq!(kind(530, "5.7.0 sign in first"), ErrorKind::NotConnected);
        assert_eq!(kind(354, "go on"), ErrorKind::Garbled);
    }
}
