//! `GET` of one object: for reading right before a change, and for looking whether a write landed.

use super::{multiget::Data, refusal, tag, unsendable, url};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, StatusCode, header, response::Parts};
use url::Url;

/// Reads one object.
pub struct Get<'a> {
    /// Path.
    pub path: &'a str,
}

impl Call for Get<'_> {
    type Out = Option<Data>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.get";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        Request::get(url(base, self.path).as_str())
            .header(header::ACCEPT, "text/calendar")
            .body(Bytes::new())
            .map_err(|error| unsendable(self.path, &error))
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Option<Data>, Error> {
        match parts.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            _ => return Err(refusal::error(Self::NAME, parts, body)),
        }
        let garbled = |why: &str| Error::answered(ErrorKind::Garbled, format!("{}: {why}", Self::NAME));
        let text = std::str::from_utf8(body).map_err(|_| garbled("the object is not UTF-8"))?;
        if !text.trim_end().to_ascii_uppercase().ends_with("END:VCALENDAR") {
            return Err(garbled("the object is cut off"));
        }
        Ok(Some(Data { tag: tag(parts), text: text.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::answer;

    #[test]
    fn an_object_is_whole_or_an_error_and_absence_is_an_answer() {
        let read = |status, body: &str| {
            let (parts, body) = answer(status, &[("etag", "\"7\"")], body);
            Get { path: "/c/a.ics" }.parse(&parts, &body)
        };
        let whole = read(200, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").unwrap().unwrap();
        assert_eq!(whole.tag.as_ref(), "\"7\"");
        assert!(read(404, "").unwrap().is_none());
        assert_eq!(read(200, "BEGIN:VCALENDAR\r\nEND:VC").err().unwrap().kind, ErrorKind::Garbled);
    }
}
