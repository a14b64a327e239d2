//! Bodies as text: transfer encoding, charset, HTML.

use crate::html;
use mail_parser::{
    Message, PartType,
    decoders::{
        base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode,
    },
};
use std::borrow::Cow;

/// A body part as text, from its bytes as they stand in the mail; total, also for bytes that were cut off.
/// `charset` and `transfer_encoding` as the part's header has them; unknown ones are taken for UTF-8 (or Windows-1252
/// where that is impossible) and for none.
pub fn decode_text(
    bytes: &[u8],
    charset: Option<&str>,
    transfer_encoding: Option<&str>,
    is_html: bool,
) -> String {
    let encoding = transfer_encoding.map(|name| name.trim().to_ascii_lowercase()).unwrap_or_default();
    let bytes = match encoding.as_str() {
        "base64" => base64(bytes),
        "quoted-printable" => quoted_printable(bytes),
        _ => Cow::Borrowed(bytes),
    };
    let text = characters(&bytes, charset);
    if is_html { html::text(&text) } else { text }
}

/// The first `most` bytes, or a little less: characters stay whole.
pub(crate) fn head(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// The text of a whole mail: its plain text, or else its HTML as text.
pub(crate) fn body(message: &Message<'_>) -> String {
    let plain = joined(message, &message.text_body);
    if plain.trim().is_empty() { joined(message, &message.html_body) } else { plain }
}

fn joined(message: &Message<'_>, parts: &[u32]) -> String {
    let mut text = String::new();
    for part in parts.iter().filter_map(|id| message.parts.get(*id as usize)) {
        match &part.body {
            PartType::Text(plain) => text.push_str(plain),
            PartType::Html(html) => text.push_str(&html::text(html)),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => continue,
        }
        text.push('\n');
    }
    text
}

fn base64(bytes: &[u8]) -> Cow<'_, [u8]> {
    let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // Four characters make three bytes: what is left of a text that was cut off makes none.
    let mut letters: Vec<u8> = bytes.iter().filter(inside).copied().collect();
    let padded = bytes.contains(&b'=');
    match letters.len() % 4 {
        2 if padded => letters.extend(b"=="),
        3 if padded => letters.push(b'='),
        rest => letters.truncate(letters.len() - rest),
    }
    base64_decode(&letters).map_or(Cow::Borrowed(bytes), Cow::Owned)
}

fn quoted_printable(bytes: &[u8]) -> Cow<'_, [u8]> {
    let tail = bytes.len().saturating_sub(2);
    let cut = bytes.get(tail..).and_then(|end| end.iter().position(|byte| *byte == b'='));
    let whole = cut.and_then(|at| bytes.get(..tail + at)).unwrap_or(bytes);
    quoted_printable_decode(whole).map_or(Cow::Borrowed(bytes), Cow::Owned)
}

fn characters(bytes: &[u8], charset: Option<&str>) -> String {
    if let Some(decode) = charset.and_then(|name| charset_decoder(name.trim().as_bytes())) {
        return decode(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Cut off inside a character: still UTF-8.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => charset_decoder(b"windows-1252")
            .map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decode| decode(bytes)),
    }
}
