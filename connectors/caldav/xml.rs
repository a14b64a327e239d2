//! Multistatus answers (RFC 4918), read by namespace whatever prefixes the server chose; one response at a time, so
//! that a listing of fifty thousand objects is never a tree in memory.

use crate::path;
use quick_xml::{
    events::Event,
    name::{Namespace, ResolveResult},
    reader::NsReader,
};

/// Deeper nesting is no answer of a calendar server.
const DEEPEST: usize = 40;

/// A namespace that we know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ns {
    /// `DAV:`
    Dav,
    /// `urn:ietf:params:xml:ns:caldav`
    Caldav,
    /// `http://calendarserver.org/ns/`
    Server,
    /// Any other.
    Other,
}

/// An element with what is in it.
#[derive(Clone, Debug)]
pub struct Node {
    ns: Ns,
    name: String,
    /// Its text, not that of its children.
    pub text: String,
    children: Vec<Node>,
}

impl Node {
    /// The first child of a name.
    pub fn child(&self, ns: Ns, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(ns, name))
    }
    /// Children of a name.
    pub fn all<'a>(&'a self, ns: Ns, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(ns, name))
    }
    /// True when this element, or one within it, has this name.
    pub fn holds(&self, ns: Ns, name: &str) -> bool {
        self.is(ns, name) || self.children.iter().any(|child| child.holds(ns, name))
    }
    /// The value of an attribute that we keep (`name`), as the text of the element has no other use.
    pub fn label(&self) -> &str {
        self.text.trim()
    }
    /// Paths of the `href`s directly within.
    pub fn hrefs(&self) -> impl Iterator<Item = String> + '_ {
        self.all(Ns::Dav, "href").filter_map(|href| path::canonical(&href.text))
    }
    fn is(&self, ns: Ns, name: &str) -> bool {
        self.ns == ns && self.name == name
    }
}

/// One `response`.
pub struct Response {
    /// Canonical path.
    pub path: String,
    /// Status of the whole, when it has one.
    pub status: Option<u16>,
    /// Properties that were found.
    found: Vec<Node>,
}

impl Response {
    /// A property that was found.
    pub fn property(&self, ns: Ns, name: &str) -> Option<&Node> {
        self.found.iter().find(|node| node.is(ns, name))
    }
    /// Text of a property that was found and is not empty.
    pub fn text(&self, ns: Ns, name: &str) -> Option<&str> {
        self.property(ns, name).map(Node::label).filter(|text| !text.is_empty())
    }
    fn read(node: &Node) -> Option<Self> {
        let path = node.hrefs().next()?;
        let status = node.child(Ns::Dav, "status").and_then(code);
        let found = node
            .all(Ns::Dav, "propstat")
            .filter(|propstat| propstat.child(Ns::Dav, "status").and_then(code) == Some(200))
            .filter_map(|propstat| propstat.child(Ns::Dav, "prop"))
            .flat_map(|prop| prop.children.iter().cloned())
            .collect();
        Some(Self { path, status, found })
    }
}

/// Reads a multistatus, handing over each response; returns the sync token, if there is one. A text that ends too
/// early is an error, however much of it was handed over.
pub fn multistatus(body: &[u8], mut each: impl FnMut(Response)) -> Result<Option<String>, String> {
    let mut token = None;
    let root = walk(body, |node| {
        if node.is(Ns::Dav, "response") {
            Response::read(&node).into_iter().for_each(&mut each);
        } else if node.is(Ns::Dav, "sync-token") {
            token = Some(node.label().to_owned()).filter(|token| !token.is_empty());
        }
    })?;
    if root.is(Ns::Dav, "multistatus") {
        Ok(token)
    } else {
        Err(format!("<{}> is no multistatus", root.name))
    }
}

/// Names of the preconditions that an error names (RFC 4918, 16); none when it is no such text.
pub fn preconditions(body: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    match walk(body, |node| names.push(node.name)) {
        Ok(root) if root.is(Ns::Dav, "error") => names,
        Ok(_) | Err(_) => Vec::new(),
    }
}

fn code(node: &Node) -> Option<u16> {
    node.text.split_whitespace().nth(1)?.parse().ok()
}

/// Hands over each child of the root, whole; returns the root without them.
fn walk(body: &[u8], mut each: impl FnMut(Node)) -> Result<Node, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Node> = Vec::new();
    loop {
        let (resolved, event) = reader.read_resolved_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                let ns = namespace(&resolved);
                let name = start.local_name().as_ref().to_owned();
                // `<comp name="VEVENT"/>` is the one element whose attribute says something to us.
                let label = start.try_get_attribute("name").ok().flatten();
                let text = label.map(|label| label.value.into_owned()).unwrap_or_default();
                if open.len() >= DEEPEST {
                    return Err("it is nested too deep".to_owned());
                }
                open.push(Node { ns, name, text, children: Vec::new() });
            }
            Event::End(_) => {
                let Some(node) = open.pop() else {
                    return Err("an element ends that never began".to_owned());
                };
                match open.len() {
                    0 => return Ok(node),
                    1 => each(node),
                    _ => open.iter_mut().last().into_iter().for_each(|up| up.children.push(node.clone())),
                }
            }
            Event::Eof => return Err("it is cut off".to_owned()),
            event => {
                if let (Some(node), Some(piece)) = (open.last_mut(), piece(&event)) {
                    node.text.push_str(&piece);
                }
            }
        }
    }
}

/// What an event adds to the text of its element.
fn piece(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Text(text) => Some(text.xml10_content().into_owned()),
        Event::CData(text) => Some(text.xml10_content().into_owned()),
        Event::GeneralRef(reference) => match reference.resolve_char_ref() {
            Ok(Some(char)) => Some(char.to_string()),
            Ok(None) | Err(_) => quick_xml::escape::resolve_predefined_entity(reference).map(str::to_owned),
        },
        _ => None,
    }
}

fn namespace(resolved: &ResolveResult<'_>) -> Ns {
    match resolved {
        ResolveResult::Bound(Namespace(name)) => match *name {
            "DAV:" => Ns::Dav,
            "urn:ietf:params:xml:ns:caldav" => Ns::Caldav,
            "http://calendarserver.org/ns/" => Ns::Server,
            _ => Ns::Other,
        },
        ResolveResult::Unbound | ResolveResult::Unknown(_) => Ns::Other,
    }
}

/// Text within an element of a request.
pub fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths with their data, and the token.
    type Told = (Vec<(String, String)>, Option<String>);

    fn read(body: &str) -> Result<Told, String> {
        let mut all = Vec::new();
        let token = multistatus(body.as_bytes(), |response| {
            let text = response.text(Ns::Caldav, "calendar-data").unwrap_or_default().to_owned();
            all.push((response.path, text));
        })?;
        Ok((all, token))
    }

    #[test]
    fn prefixes_cdata_entities_and_the_place_of_the_token_do_not_matter() {
        for (head, d, c) in [
            ("<multistatus xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">", "", "C:"),
            ("<D:multistatus xmlns:D=\"DAV:\" xmlns:ns1=\"urn:ietf:params:xml:ns:caldav\">", "D:", "ns1:"),
            ("<ns0:multistatus xmlns:ns0=\"DAV:\" xmlns:x=\"urn:ietf:params:xml:ns:caldav\">", "ns0:", "x:"),
        ] {
            for data in ["a &lt;b&gt; &amp;&#99;", "<![CDATA[a <b> &c]]>"] {
                let token = format!("<{d}sync-token> t1 </{d}sync-token>");
                let response = format!(
                    "<{d}response><{d}href>/a%20b/%c3%a9.ics</{d}href><{d}propstat><{d}prop><{c}calendar-data>{data}\
                     </{c}calendar-data></{d}prop><{d}status>HTTP/1.1 200 OK</{d}status></{d}propstat></{d}response>"
                );
                for body in [format!("{head}{token}{response}"), format!("{head}{response}{token}")] {
                    let (all, token) = read(&format!("{body}</{d}multistatus>")).unwrap();
                    assert_eq!(all, [("/a%20b/%C3%A9.ics".to_owned(), "a <b> &c".to_owned())]);
                    assert_eq!(token.as_deref(), Some("t1"));
                    assert!(read(&body).unwrap_err().contains("cut off"));
                }
            }
        }
    }

    #[test]
    fn an_error_names_its_preconditions() {
        assert_eq!(
            preconditions(b"<error xmlns=\"DAV:\"><valid-sync-token /></error>"),
            ["valid-sync-token"]
        );
        assert!(preconditions(b"<html><body>no</body></html>").is_empty());
        assert!(preconditions(b"no").is_empty());
    }

    #[test]
    fn a_hostile_answer_is_an_error() {
        assert!(read(&"<a>".repeat(10_000)).is_err());
        assert!(read("<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>").is_err());
        assert!(read("").is_err());
    }
}
