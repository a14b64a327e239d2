//! A mail to be written: how people's mails come to be bytes.

use crate::clock;
use std::fmt::Write as _;

/// A mail before it is sent.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    /// `Name <address>` or an address.
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub subject: String,
    pub text: String,
    /// Without brackets.
    pub id: String,
    /// Message ids that it answers, oldest first.
    pub answers: Vec<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Names of attached files.
    pub attachments: Vec<String>,
    /// A delivery report about this address.
    pub failed: Option<String>,
}

const BOUNDARY: &str = "sandbox-boundary-7f3a";

impl Letter {
    /// Its bytes (RFC 5322), dated `at` (epoch ms).
    pub fn raw(&self, at: i64) -> Vec<u8> {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() && write!(text, "{name}: {value}\r\n").is_err() {
                // A string takes everything.
            }
        };
        line("Date", &date(at));
        line("From", &self.from);
        line("To", &self.to.join(", "));
        line("Cc", &self.cc.join(", "));
        line("Subject", &self.subject);
        line("Message-ID", &bracketed(&self.id));
        line("In-Reply-To", &self.answers.last().map(|id| bracketed(id)).unwrap_or_default());
        line("References", &self.answers.iter().map(|id| bracketed(id)).collect::<Vec<_>>().join(" "));
        for (name, value) in &self.headers {
            line(name, value);
        }
        line("MIME-Version", "1.0");
        if self.attachments.is_empty() && self.failed.is_none() {
            line("Content-Type", "text/plain; charset=utf-8");
            text.push_str("\r\n");
            text.push_str(&self.text.replace('\n', "\r\n"));
            return text.into_bytes();
        }
        let kind = if self.failed.is_some() { "report; report-type=delivery-status" } else { "mixed" };
        line("Content-Type", &format!("multipart/{kind}; boundary=\"{BOUNDARY}\""));
        text.push_str(&self.parts());
        text.into_bytes()
    }

    fn parts(&self) -> String {
        let mut parts = vec![format!(
            "Content-Type: text/plain; charset=utf-8\r\n\r\n{}",
            self.text.replace('\n', "\r\n")
        )];
        if let Some(failed) = &self.failed {
            parts.push(format!(
                "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\nFinal-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
            ));
        }
        parts.extend(self.attachments.iter().map(|name| {
            format!(
                "Content-Type: application/pdf; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK"
            )
        }));
        let joined: Vec<String> =
            parts.into_iter().map(|part| format!("\r\n--{BOUNDARY}\r\n{part}")).collect();
        format!("{}\r\n--{BOUNDARY}--\r\n", joined.concat())
    }
}

fn bracketed(id: &str) -> String {
    if id.is_empty() { String::new() } else { format!("<{id}>") }
}

fn date(at: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_else(|_| clock::day(0))
}
