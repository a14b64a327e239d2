//! `PROPFIND`, depth 1, on a calendar: its objects with their entity tags. The way for servers that can't sync.

use super::{NAMESPACES, dav, multistatus};
use crate::{
    ical::Component,
    path,
    xml::{Ns, Response},
};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use url::Url;

/// The properties of members that we ask for.
pub const PROPERTIES: &str = "<getetag/><getcontenttype/>";

/// Lists a calendar.
pub struct Members<'a> {
    /// The calendar.
    pub collection: &'a str,
}

/// An object of a calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its name in the calendar.
    pub name: Box<str>,
    /// Its entity tag; empty where the server gives none.
    pub tag: Box<str>,
    /// What it is, where the server says so.
    pub component: Option<Component>,
}

impl Member {
    /// A member of a calendar; `None` for the calendar itself and what is not directly in it.
    pub fn read(response: &Response, collection: &str) -> Option<Self> {
        let name = name(&response.path, collection)?;
        let said = response.text(Ns::Dav, "getcontenttype").unwrap_or_default().to_ascii_lowercase();
        let component = [Component::Event, Component::Todo]
            .into_iter()
            .find(|component| said.contains(&format!("component={}", component.name().to_ascii_lowercase())));
        Some(Self { name, tag: response.text(Ns::Dav, "getetag").unwrap_or_default().into(), component })
    }
}

/// The name of a path directly in a calendar.
pub fn name(path: &str, collection: &str) -> Option<Box<str>> {
    let (parent, name) = path::split(path)?;
    (parent == collection).then(|| name.into())
}

impl Call for Members<'_> {
    type Out = Vec<Member>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.members";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let body = format!("<propfind {NAMESPACES}><prop>{PROPERTIES}<resourcetype/></prop></propfind>");
        dav(base, "PROPFIND", self.collection, "1", &body)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Vec<Member>, Error> {
        let mut found = Vec::new();
        multistatus(Self::NAME, parts, body, |response| {
            let folder = response
                .property(Ns::Dav, "resourcetype")
                .is_some_and(|kind| kind.child(Ns::Dav, "collection").is_some());
            found.extend(Member::read(&response, self.collection).filter(|_| !folder));
        })?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::answer;

    #[test]
    fn members_have_tags_and_say_what_they_are() {
        let one = |path: &str, kind: &str| {
            format!(
                "<response><href>{path}</href><propstat><prop><getetag>\"1\"</getetag><getcontenttype>text/calendar;charset=utf-8;component={kind}\
                 </getcontenttype><resourcetype/></prop><status>HTTP/1.1 200 OK</status></propstat></response>"
            )
        };
        let all = [
            one("/c/", ""),
            one("http://h/c/a.ics", "VEVENT"),
            one("/c/b.ics", "vtodo"),
            one("/d/e.ics", "VEVENT"),
        ];
        let (parts, body) =
            answer(207, &[], &format!("<multistatus xmlns=\"DAV:\">{}</multistatus>", all.concat()));
        let found = Members { collection: "/c/" }.parse(&parts, &body).unwrap();
        let told: Vec<_> =
            found.iter().map(|one| (one.name.as_ref(), one.tag.as_ref(), one.component)).collect();
        assert_eq!(
            told,
            [("a.ics", "\"1\"", Some(Component::Event)), ("b.ics", "\"1\"", Some(Component::Todo))]
        );
    }
}
