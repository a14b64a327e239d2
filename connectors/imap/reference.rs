//! How a message is named: `folder/uidvalidity/uid`. A message that moves gets another name; what is the same
//! mail is told by its Message-ID, elsewhere.

/// A message's place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The folder, escaped.
    pub folder: Box<str>,
    /// The generation of its UIDs.
    pub validity: u32,
    /// The message in it.
    pub uid: u32,
}

/// The id of a message.
pub fn id(folder: &str, validity: u32, uid: u32) -> Box<str> {
    format!("{folder}/{validity}/{uid}").into()
}

/// Reads an id; `None` when it is none of ours.
pub fn read(id: &str) -> Option<Place> {
    let (rest, uid) = id.rsplit_once('/')?;
    let (folder, validity) = rest.rsplit_once('/')?;
    let (validity, uid) = (validity.parse().ok()?, uid.parse().ok()?);
    (!folder.is_empty()).then(|| Place { folder: folder.into(), validity, uid })
}

/// A folder's name as the server spells it, as part of an id: `/`, `%` and all but visible ASCII as `%XX`.
pub fn escape(name: &[u8]) -> Box<str> {
    let mut escaped = String::with_capacity(name.len());
    for byte in name {
        if byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%') {
            escaped.push(char::from(*byte));
        } else {
            escaped.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    escaped.into()
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}

/// The name that was escaped. Anything gives a name: what does not exist is said by the server.
pub fn unescape(escaped: &str) -> Vec<u8> {
    let mut name = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        if let (b'%', Some(code)) = (byte, code) {
            name.push(code);
            rest = after.get(2..).unwrap_or_default();
        } else {
            name.push(*byte);
            rest = after;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_names_folder_generation_and_message() {
        let id = id(&escape(b"Clients/A&B 100%"), 1_795_334_459, 3);
        assert_eq!(&*id, "Clients%2FA&B%20100%25/1795334459/3");
        let place = read(&id).unwrap();
        assert_eq!(
            (unescape(&place.folder).as_slice(), place.validity, place.uid),
            (&b"Clients/A&B 100%"[..], 1_795_334_459, 3)
        );
        for wrong in ["", "INBOX", "INBOX/1", "/1/2", "INBOX/1/x", "INBOX/-1/2", "INBOX/1/99999999999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn every_name_comes_back(name in proptest::collection::vec(any::<u8>(), 1..40), validity: u32, uid: u32) {
            let place = read(&id(&escape(&name), validity, uid)).unwrap();
            prop_assert_eq!(unescape(&place.folder), name);
            prop_assert_eq!((place.validity, place.uid), (validity, uid));
        }
    }
}
