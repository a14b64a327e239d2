//! `calendar-query` (RFC 4791, 7.8): names of the objects of one sort.

use super::{NAMESPACES, dav, members::Member, multistatus};
use crate::ical::Component;
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use url::Url;

/// Asks for names.
pub struct Query<'a> {
    /// The calendar.
    pub collection: &'a str,
    /// Events or tasks.
    pub component: Component,
    /// Only those with this property.
    pub with: Option<&'static str>,
}

impl Call for Query<'_> {
    type Out = Vec<Box<str>>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.query";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let with = self.with.map(|name| format!("<C:prop-filter name=\"{name}\"/>")).unwrap_or_default();
        let component = self.component.name();
        let body = format!(
            "<C:calendar-query {NAMESPACES}><prop><getetag/></prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
             <C:comp-filter name=\"{component}\">{with}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        );
        dav(base, "REPORT", self.collection, "1", &body)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Vec<Box<str>>, Error> {
        let mut found = Vec::new();
        multistatus(Self::NAME, parts, body, |response| {
            found.extend(Member::read(&response, self.collection).map(|member| member.name));
        })?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::recorded;

    #[test]
    fn an_answer_is_a_list_of_names() {
        let Some((parts, body)) = recorded("26") else { return };
        let call = Query { collection: "/alice/t3344574/", component: Component::Event, with: None };
        assert!(call.parse(&parts, &body).unwrap().iter().all(|name| name.ends_with(".ics")));
    }
}
