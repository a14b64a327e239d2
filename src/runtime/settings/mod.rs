//! Configuration: typed, closed, its own manual. Each section is a struct whose fields carry documentation and
//! default; a file is read key by key over the defaults, so every mistake is told with file, line and key.
//! `config/orchestrator.toml` shows every option with its default; a test holds them equal.

mod calendar;
mod connection;
mod logging;
mod mail;
mod matching;
mod organization;
pub mod paths;
mod reach;
mod read;
mod route;
mod schema;
#[cfg(test)]
mod tests;
mod value;
mod web;

pub use calendar::{Calendar, Place};
pub use connection::{AuthKind, Connection, Extra, Keeper, StageMap};
pub use logging::{LogFormat, Logging};
pub use mail::Mail;
pub use matching::Matching;
pub use organization::{Data, Organization};
pub use paths::Paths;
pub use reach::Reaching;
pub use read::{Problem, nearest};
pub use route::{Digest, Route, When, Whom};
pub use value::{Every, Share, Span, Zone};
pub use web::{Policy, Web};

use model::ConnectionId;
use read::{Setting, Sink, section};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The annotated example: every option with its default.
pub const EXAMPLE: &str = include_str!("../../../config/orchestrator.toml");

section! {
    /// Everything in `orchestrator.toml`.
    pub struct Settings {
        /// Whose sales these are.
        pub organization: Organization = Organization::default(),
        /// Where things are kept.
        pub data: Data = Data::default(),
        /// Accounts at outside systems.
        pub connection: Vec<Connection> = Vec::new(),
        /// Who is told of what, by what way and how often.
        pub route: Vec<Route> = Vec::new(),
        /// How records of several sources become one.
        pub matching: Matching = Matching::default(),
        /// What of mails and meetings is kept.
        pub mail: Mail = Mail::default(),
        /// What is written into calendars.
        pub calendar: Calendar = Calendar::default(),
        /// How agents that are pushed to are reached.
        pub reach: Reaching = Reaching::default(),
        /// The API over HTTP.
        pub web: Web = Web::default(),
        /// What an agent may not do by itself.
        pub policy: Policy = Policy::default(),
        /// What is written to standard error.
        pub logging: Logging = Logging::default(),
    }
}

impl Settings {
    /// Reads the configuration: the defaults, overlaid by the file where there is one. All mistakes at once.
    pub fn load(paths: &Paths) -> Result<Self, Vec<Problem>> {
        match std::fs::read(&paths.config) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|error| {
                    let line = 1 + error
                        .as_bytes()
                        .iter()
                        .take(error.utf8_error().valid_up_to())
                        .filter(|b| **b == b'\n')
                        .count();
                    vec![whole(&paths.config, line, "not UTF-8 text")]
                })?;
                Self::read(&paths.config, &text)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !paths.required => {
                Ok(Self::default())
            }
            Err(error) => Err(vec![whole(&paths.config, 0, &format!("can't be read: {error}"))]),
        }
    }

    /// Reads a text as the file of that name, over the defaults.
    pub fn read(file: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut settings = Self::default();
        let mut sink = Sink::new(file, text, &mut problems);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            sink.problem(error.span().unwrap_or_default(), error.message(), None);
        }
        let span = table.span();
        settings.set(toml::Spanned::new(span, DeValue::Table(table.into_inner())), &mut sink);
        settings.cross_check(&mut sink, text);
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// The connection of that name.
    pub fn connection(&self, id: &ConnectionId) -> Option<&Connection> {
        self.connection.iter().find(|connection| connection.id == id.as_str())
    }

    /// What concerns several sections: connections that are named elsewhere must exist.
    fn cross_check(&self, sink: &mut Sink<'_>, text: &str) {
        let known: Vec<&str> = self.connection.iter().map(|connection| connection.id.as_str()).collect();
        if let Some(place) = &self.calendar.follow_ups
            && !known.contains(&place.connection.as_str())
        {
            let at = text.find(&place.to_string()).unwrap_or_default();
            sink.within("calendar.follow_ups", |sink| {
                let what = format!("no connection is called {:?}", place.connection);
                sink.problem(at..at, what, nearest(&place.connection, &known));
            });
        }
        for route in self.route.iter().filter(|route| !known.contains(&route.via.as_str())) {
            let place = text.find(&format!("{:?}", route.via)).unwrap_or_default();
            sink.within(&format!("route.{}.via", route.id), |sink| {
                let what = format!("no connection is called {:?}", route.via);
                sink.problem(place..place, what, nearest(&route.via, &known));
            });
        }
        for (field, order) in &self.matching.precedence {
            if serde_json::from_value::<model::Field>(field.as_str().into()).is_err() {
                let place = text.find(field.as_str()).unwrap_or_default();
                sink.within(&format!("matching.precedence.{field}"), |sink| {
                    sink.problem(
                        place..place,
                        "no such field (name, email, phone, owner, amount, ...)",
                        None,
                    );
                });
            }
            for name in order.iter().filter(|name| !known.contains(&name.as_str())) {
                let place = text.find(name.as_str()).unwrap_or_default();
                sink.within(&format!("matching.precedence.{field}"), |sink| {
                    let what = format!("no connection is called {name:?}");
                    sink.problem(place..place, what, nearest(name, &known));
                });
            }
        }
    }

    /// Connections of a vendor that this program does not know, as problems.
    pub fn check_vendors(&self, file: &Path, vendors: &[&str]) -> Vec<Problem> {
        let unknown =
            self.connection.iter().filter(|connection| !vendors.contains(&connection.vendor.as_str()));
        unknown
            .map(|connection| Problem {
                key: format!("connection.{}.vendor", connection.id),
                suggestion: nearest(&connection.vendor, vendors),
                ..whole(file, 0, &format!("{:?} is not a vendor that this program knows", connection.vendor))
            })
            .collect()
    }
}

/// JSON Schema of the configuration file, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Settings).to_value()
}

fn whole(file: &Path, line: usize, what: &str) -> Problem {
    Problem { file: file.to_owned(), line, key: String::new(), what: what.to_owned(), suggestion: None }
}
