//! `calendar-multiget` (RFC 4791, 7.9): objects by name.

use super::{NAMESPACES, dav, members::name, multistatus};
use crate::xml::{self, Ns};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use std::fmt::Write as _;
use url::Url;

/// Reads objects of a calendar.
pub struct Multiget<'a> {
    /// The calendar.
    pub collection: &'a str,
    /// Names of the objects.
    pub names: &'a [Box<str>],
}

/// An object as the server has it.
#[derive(Clone)]
pub struct Got {
    /// Its name in the calendar.
    pub name: Box<str>,
    /// What it is; `None` when it is not there.
    pub data: Option<Data>,
}

/// Content of an object. Without `Debug`: it is people's.
#[derive(Clone)]
pub struct Data {
    /// Entity tag; empty where the server gives none.
    pub tag: Box<str>,
    /// iCalendar.
    pub text: String,
}

impl Call for Multiget<'_> {
    type Out = Vec<Got>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.multiget";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let mut body = format!("<C:calendar-multiget {NAMESPACES}><prop><getetag/><C:calendar-data/></prop>");
        for name in self.names {
            let path = xml::escaped(&format!("{}{name}", self.collection));
            // Writing to a string can't fail.
            write!(body, "<href>{path}</href>").unwrap_or_default();
        }
        body.push_str("</C:calendar-multiget>");
        dav(base, "REPORT", self.collection, "0", &body)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Vec<Got>, Error> {
        let mut found = Vec::with_capacity(self.names.len());
        multistatus(Self::NAME, parts, body, |response| {
            let Some(name) = name(&response.path, self.collection) else { return };
            if matches!(response.status, Some(404 | 410)) {
                return found.push(Got { name, data: None });
            }
            // Without data it counts as not answered, and is asked for alone.
            let Some(text) = response.property(Ns::Caldav, "calendar-data") else { return };
            let tag = response.text(Ns::Dav, "getetag").unwrap_or_default().into();
            found.push(Got { name, data: Some(Data { tag, text: text.text.clone() }) });
        })?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::recorded;

    #[test]
    fn what_is_there_comes_with_its_tag_and_what_is_not_says_so() {
        let Some((parts, body)) = recorded("28") else { return };
        let call = Multiget { collection: "/alice/t3344574/", names: &["u3.ics".into(), "nope.ics".into()] };
        let found = call.parse(&parts, &body).unwrap();
        assert_eq!(found.iter().map(|got| got.name.as_ref()).collect::<Vec<_>>(), ["nope.ics", "u3.ics"]);
        assert!(found[0].data.is_none());
        let data = found[1].data.as_ref().unwrap();
        assert!(
            data.tag.starts_with("\"29b7")
                && data.text.starts_with("BEGIN:VCALENDAR")
                && data.text.contains("UID:u3")
        );
    }

    #[test]
    fn names_cannot_break_the_request() {
        let call = Multiget { collection: "/c/", names: &["a&b<.ics".into()] };
        let request = call.request(&Url::parse("https://x.example/any").unwrap()).unwrap();
        assert_eq!(request.uri(), "https://x.example/c/");
        assert!(String::from_utf8_lossy(request.body()).contains("<href>/c/a&amp;b&lt;.ics</href>"));
    }
}
