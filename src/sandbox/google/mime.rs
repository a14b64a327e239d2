//! A mail as parts, read from its bytes as far as the API shows it.

use base64::{Engine, engine::general_purpose};
use serde_json::{Value, json};

/// A part of a mail; the mail itself is one.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub headers: Vec<(String, String)>,
    pub mime: String,
    pub filename: String,
    /// Decoded; empty where there are parts.
    pub data: Vec<u8>,
    pub parts: Vec<Part>,
}

impl Part {
    pub fn of(raw: &[u8]) -> Self {
        let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
        Self::read(&text)
    }

    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.lines() {
            match (line.strip_prefix([' ', '\t']), headers.last_mut()) {
                (Some(more), Some((_, value))) => {
                    value.push(' ');
                    value.push_str(more.trim());
                }
                _ => headers.extend(
                    line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())),
                ),
            }
        }
        let mut part = Self { headers, ..Self::default() };
        let content = part.header("Content-Type").unwrap_or("text/plain").to_owned();
        part.mime = content.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let disposition = part.header("Content-Disposition").unwrap_or_default();
        part.filename =
            parameter(disposition, "filename").or(parameter(&content, "name")).unwrap_or_default();
        match parameter(&content, "boundary").filter(|_| part.mime.starts_with("multipart/")) {
            Some(boundary) => part.parts = pieces(body, &boundary).map(Self::read).collect(),
            None => part.data = decoded(part.header("Content-Transfer-Encoding"), body),
        }
        part
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Its first plain text.
    pub fn text(&self) -> Option<String> {
        if self.mime == "text/plain" && self.filename.is_empty() {
            return Some(String::from_utf8_lossy(&self.data).into_owned());
        }
        self.parts.iter().find_map(Self::text)
    }

    /// `MessagePart`. Of the metadata only the headers, and only those of `only` unless it is empty.
    pub fn payload(&self, id: &str, full: bool, only: &[&str]) -> Value {
        let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one.eq_ignore_ascii_case(name));
        let headers: Vec<Value> = self
            .headers
            .iter()
            .filter(|(name, _)| full || wanted(name))
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        if !full {
            return json!({"mimeType": self.mime, "headers": headers});
        }
        let mut body = json!({"size": self.data.len()});
        if let Some(map) = body.as_object_mut() {
            if !self.filename.is_empty() {
                map.insert("attachmentId".to_owned(), format!("ANGjdJ-{id}").into());
            } else if !self.data.is_empty() {
                map.insert("data".to_owned(), general_purpose::URL_SAFE.encode(&self.data).into());
            }
        }
        let child = |(at, part): (usize, &Self)| {
            let id = if id.is_empty() { at.to_string() } else { format!("{id}.{at}") };
            part.payload(&id, true, &[])
        };
        let mut payload = json!({
            "partId": id, "mimeType": self.mime, "filename": self.filename, "headers": headers, "body": body,
        });
        if let (false, Some(map)) = (self.parts.is_empty(), payload.as_object_mut()) {
            map.insert("parts".to_owned(), self.parts.iter().enumerate().map(child).collect());
        }
        payload
    }
}

fn parameter(value: &str, name: &str) -> Option<String> {
    let found = value.split(';').skip(1).find_map(|piece| {
        let (key, value) = piece.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    });
    found.filter(|text| !text.is_empty())
}

fn pieces<'a>(body: &'a str, boundary: &str) -> impl Iterator<Item = &'a str> {
    let mark = format!("--{boundary}");
    let parts: Vec<&str> = body.split(mark.as_str()).skip(1).collect();
    parts.into_iter().take_while(|part| !part.starts_with("--")).map(|part| part.trim_matches('\n'))
}

fn decoded(encoding: Option<&str>, body: &str) -> Vec<u8> {
    match encoding.unwrap_or_default().to_ascii_lowercase().as_str() {
        "base64" => {
            let packed: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            general_purpose::STANDARD.decode(packed).unwrap_or_default()
        }
        "quoted-printable" => quoted(body),
        _ => body.as_bytes().to_vec(),
    }
}

fn quoted(body: &str) -> Vec<u8> {
    let joined = body.replace("=\n", "");
    let (mut out, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        if let (b'=', Some(byte)) = (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}
