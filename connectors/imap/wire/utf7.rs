//! Names of folders: modified UTF-7 (RFC 3501, 5.1.3), read for people. Names are sent back as they came.

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A folder's name for people. Servers that send UTF-8 right away are understood; what is neither stays as it is.
pub fn decode(name: &[u8]) -> String {
    let plain = || String::from_utf8_lossy(name).into_owned();
    if !name.is_ascii() {
        return plain();
    }
    shifted(&plain()).unwrap_or_else(plain)
}

fn shifted(name: &str) -> Option<String> {
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let (code, after) = after.split_once('-')?;
        if code.is_empty() {
            decoded.push('&');
        } else {
            let bytes = ENGINE.decode(code).ok()?;
            let units =
                bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
            decoded.push_str(&String::from_utf16(&units.collect::<Vec<_>>()).ok()?);
        }
        rest = after;
    }
    decoded.push_str(rest);
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_modified_utf7_in_utf8_and_otherwise_as_they_are() {
        for (wire, name) in [
            (&b"INBOX"[..], "INBOX"),
            (b"Entw&APw-rfe", "Entwürfe"),
            (b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
            (b"R&-D", "R&D"),
            ("Übersicht".as_bytes(), "Übersicht"),
            (b"&2D3eAA-", "😀"),
            (b"A & B", "A & B"),
            (b"&2D0-", "&2D0-"),
            (b"&***-", "&***-"),
        ] {
            assert_eq!(decode(wire), name);
        }
    }
}
