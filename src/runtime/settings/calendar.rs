//! `[calendar]`: where time is kept free for what follows from mails and meetings.

use super::read::{leaf, section};
use model::{ConnectionId, ExternalRef, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

section! {
    /// What is written into calendars.
    pub struct Calendar {
        /// The calendar in which time is kept free for tasks that say so (`calendar_minutes` in stages.toml), as
        /// `CONNECTION/ID`: the connection's name and the calendar's id there (by CalDAV its path, leading slash and
        /// all: `office//dav/anna/sales/`). Without one nothing is written.
        pub follow_ups: Option<Place> = None,
    }
}
leaf!(Option<Place>);

/// A calendar at a connection, written `CONNECTION/ID`; the id may have slashes of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The connection's name.
    pub connection: String,
    /// The calendar's id there.
    pub id: String,
}

impl Place {
    /// As a write's target.
    pub fn reference(&self) -> ExternalRef {
        ExternalRef::new(&ConnectionId::new(self.connection.as_str()), Kind::Meeting, self.id.as_str())
    }
}

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((connection, id)) if !connection.is_empty() && !id.is_empty() => {
                Ok(Self { connection: connection.to_owned(), id: id.to_owned() })
            }
            _ => Err(format!("{text:?} is no calendar: write CONNECTION/ID")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.connection, self.id)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Place {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Place".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[^/]+/.+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_is_named_by_connection_and_id() {
        let place: Place = "office//dav/anna/sales/".parse().unwrap();
        assert_eq!(place.reference().to_string(), "office/meeting:/dav/anna/sales/");
        assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        for wrong in ["office", "/sales", "office/"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_connection_of_a_calendar_must_exist() {
        let text = "[calendar]\nfollow_ups = \"ofice/sales/\"\n[[connection]]\nid = \"office\"\nvendor = \"caldav\"\n";
        let problems = super::super::Settings::read(std::path::Path::new("test.toml"), text).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].line, problems[0].suggestion.as_deref()), (2, Some("office")));
    }
}
