//! Takes secrets out of text that goes to logs, errors and parked records.

use bytes::Bytes;
use regex::Regex;
use std::{borrow::Cow, sync::LazyLock};

/// Error details are cut to this many characters.
pub const LONGEST_DETAIL: usize = 300;

const MASK: &str = "(secret)";

/// Each pattern keeps its first group and loses what follows it.
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let name = "(?:access|refresh|id|auth|session|csrf)[_-]?token|token|client[_-]?secret|secret|api[_-]?key|hapikey\
        |password|passwd|code[_-]?verifier|authorization";
    [
        // HTTP authentication, whatever surrounds it.
        r"((?i-u:\b(?:bearer|basic)) +)[A-Za-z0-9._~+/=-]{6,}".to_owned(),
        // JSON members, also inside a JSON string where quotes are escaped.
        format!(r#"((?i-u:\\?"(?:{name})\\?")[ \t]*:[ \t]*\\?")[^"\\]+"#),
        // Form bodies and query strings; `code` is a word elsewhere, so it counts only here.
        format!(r#"((?i-u:(?:^|[?&;, \t\r\n(])(?:{name}|code))=)[^&; \t\r\n"')<>]+"#),
        // Headers written out; a plain "token:" is a word of prose.
        r#"((?i-u:\b(?:authorization|api-?key|hapikey|x-[a-z-]*(?:token|key|secret))): *)[^ \t\r\n"',;]+"#
            .to_owned(),
        // Tokens as part of a path (HubSpot's token information).
        r#"((?i-u:/(?:access|refresh)-tokens/))[^/?# \t\r\n"'<>]+"#.to_owned(),
        // HubSpot's private app tokens and service keys, wherever they stand.
        r"((?i-u:\bpat-[a-z]{2,4}[0-9]{1,2}-))[0-9A-Fa-f-]{8,}".to_owned(),
        // User information in a URL.
        r"((?i-u:\bhttps?://)[^/@: \t\r\n]*:)[^/@ \t\r\n]+@".to_owned(),
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).expect("the patterns are constants, and a test compiles them"))
    .collect()
});

/// The text without secrets; borrowed when it has none.
pub fn text(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for pattern in PATTERNS.iter() {
        if let Cow::Owned(changed) = pattern.replace_all(&text, format!("${{1}}{MASK}")) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// A vendor's words for an error: without secrets and control characters, at most [`LONGEST_DETAIL`] characters.
pub fn detail(words: &str) -> String {
    let head: String = words.chars().take(LONGEST_DETAIL * 4).collect();
    let clean: String = text(&head).chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let clean = clean.trim();
    match clean.char_indices().nth(LONGEST_DETAIL) {
        None => clean.to_owned(),
        Some(_) => clean.chars().take(LONGEST_DETAIL - 1).chain(['…']).collect(),
    }
}

/// A record as it came, to be parked: without secrets, the same bytes when it has none.
pub fn raw(bytes: &Bytes) -> Bytes {
    match text(&String::from_utf8_lossy(bytes)) {
        Cow::Owned(changed) if changed.contains(MASK) => Bytes::from(changed),
        Cow::Owned(_) | Cow::Borrowed(_) => bytes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "CLDo8-hGMhoAAmBAAIEyKH0wxc";
    const PRIVATE: &str = "pat-na1-1a2b3c4d-aaaa-bbbb-cccc-0123456789ab";

    #[test]
    fn no_secret_survives_in_any_shape_in_which_vendors_and_libraries_write_it() {
        let shapes = [
            format!("authorization: Bearer {TOKEN}"),
            format!("Authorization: bearer  {TOKEN}"),
            format!(r#"{{"access_token":"{TOKEN}","expires_in":1800}}"#),
            format!(r#"{{"refreshToken" : "{TOKEN}"}}"#),
            format!(r#"{{"message":"got {{\"refresh_token\":\"{TOKEN}\"}}"}}"#),
            format!("grant_type=refresh_token&client_id=7&client_secret={TOKEN}&refresh_token={TOKEN}"),
            format!("https://x.example/cb?code={TOKEN}&state=1"),
            format!("GET /oauth/v1/access-tokens/{TOKEN}"),
            format!("DELETE /oauth/v1/refresh-tokens/{TOKEN}?x=1"),
            format!("X-Api-Key: {TOKEN}"),
            format!("https://me:{TOKEN}@crm.example/json"),
            format!("the key {PRIVATE} is no longer valid"),
        ];
        for shape in shapes {
            let clean = text(&shape);
            assert!(!clean.contains(TOKEN) && !clean.contains("bbbb-cccc"), "{shape} became {clean}");
            assert!(clean.contains(MASK), "{clean}");
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for words in [
            r#"{"status":"error","message":"Property \"amout\" does not exist","code":"PROPERTY_DOESNT_EXIST"}"#,
            "anna.ek@example.com asked for a basic plan; the token was refused",
            "oauth.token: the grant has ended; password: ask for it",
            "https://app.hubspot.com/contacts/7/record/0-3/12",
        ] {
            assert_eq!(text(words), words);
        }
    }

    #[test]
    fn a_detail_is_one_short_line() {
        let long = format!("first\nsecond\u{1b}[31m {}", "é".repeat(1_000));
        let cut = detail(&long);
        assert_eq!(cut.chars().count(), LONGEST_DETAIL);
        assert!(cut.starts_with("first second [31m") && cut.ends_with('…'));
    }

    #[test]
    fn a_secret_across_the_cut_is_not_shown_in_half() {
        let words = format!("{} Bearer {TOKEN}", "x".repeat(LONGEST_DETAIL - 20));
        assert!(!detail(&words).contains(&TOKEN[..6]));
    }

    #[test]
    fn a_parked_record_keeps_its_bytes_unless_it_holds_a_secret() {
        let plain = Bytes::from_static(b"{\"id\":\"7\",\xff");
        assert_eq!(raw(&plain), plain);
        let loose = Bytes::from(format!("{{\"api_key\":\"{TOKEN}\"}}"));
        assert_eq!(raw(&loose), r#"{"api_key":"(secret)"}"#);
    }
}
