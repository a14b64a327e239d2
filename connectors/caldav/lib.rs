//! Calendars and task lists on any CalDAV server (RFC 4791): meetings with every occurrence of a series, tasks, and
//! both written back. The server is asked to tell nobody of what we write.
#![warn(missing_docs)]

mod calls;
mod check;
mod collections;
mod cursor;
mod ical;
mod listing;
mod map;
mod path;
mod read;
#[cfg(test)]
mod testing;
mod these;
mod write;
mod xml;

use async_trait::async_trait;
use connect::{
    Account, Applied, Capabilities, Connector, Cx, Dedupe, Deletes, Descriptor, Error, ErrorKind, Landing,
    Maker, Options, Page,
    http::limit::{Bucket, HeaderNames},
};
use ical::{Component, zone::Zone};
use model::{ConnectionId, Cursor, Kind, Pass, Stream, Timestamp, Write, WriteKind};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// How the connector is made.
pub const MAKER: Maker =
    Maker { vendor: "caldav", provider: include_str!("../../config/providers/caldav.toml"), make };

/// What is known about servers that the connector itself needs; the rest of the file is for others.
#[derive(Deserialize)]
struct Facts {
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    requests: u32,
    per_seconds: u64,
}

/// One connection to a calendar server.
pub struct Caldav {
    connection: ConnectionId,
    options: Extra,
    floating: Zone,
    descriptor: Descriptor,
    known: collections::Known,
    listings: listing::Cache,
}

/// Options of a connection, besides those that all connections have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extra {
    /// Which calendars, by name or path; all, when empty.
    calendars: Vec<String>,
    /// How far back occurrences of a series are records.
    past_days: u32,
    /// How far ahead.
    future_days: u32,
    /// IANA name of the zone where times without one count, when the calendar does not say. UTC by default.
    zone: Option<String>,
}

impl Default for Extra {
    fn default() -> Self {
        Self { calendars: Vec::new(), past_days: 90, future_days: 365, zone: None }
    }
}

impl Caldav {
    /// Makes a connector; an option that does not exist is an error.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let wrong = |what: String| {
            Error::unsent(ErrorKind::Config, format!("connection {}: {what}", options.connection))
        };
        let extra = serde_json::Value::Object(options.extra.clone());
        let extra: Extra = serde_json::from_value(extra).map_err(|error| wrong(error.to_string()))?;
        if extra.past_days > 3_660 || extra.future_days > 3_660 {
            return Err(wrong("past_days and future_days are at most 3660".to_owned()));
        }
        let floating = match &extra.zone {
            None => Zone::UTC,
            Some(name) => Zone::named(name).ok_or_else(|| wrong(format!("zone {name:?} is not known")))?,
        };
        let facts: Facts = toml::from_str(MAKER.provider)
            .map_err(|error| wrong(format!("config/providers/caldav.toml: {error}")))?;
        Ok(Self {
            connection: options.connection.clone(),
            options: extra,
            floating,
            descriptor: descriptor(&facts),
            known: collections::Known::default(),
            listings: listing::Cache::default(),
        })
    }
}

fn make(options: &Options) -> Result<Arc<dyn Connector>, Error> {
    Ok(Arc::new(Caldav::new(options)?))
}

fn descriptor(facts: &Facts) -> Descriptor {
    Descriptor {
        vendor: "caldav",
        capabilities: Capabilities {
            reads: vec![(Kind::Meeting, Deletes::Reported), (Kind::Task, Deletes::Reported)],
            writes: vec![
                // The server refuses a second object of a name, and ours follows from the key.
                (WriteKind::CreateEvent, Dedupe::NativeKey),
                (WriteKind::MoveEvent, Dedupe::Idempotent),
                (WriteKind::CreateTask, Dedupe::NativeKey),
                (WriteKind::CompleteTask, Dedupe::Idempotent),
            ],
        },
        limits: facts.limits.iter().map(bucket).collect(),
        headers: HeaderNames::default(),
        visibility_lag: write::VISIBILITY_LAG,
    }
}

fn bucket(limit: &Limit) -> Bucket {
    Bucket { name: "general", limit: limit.requests, per: Duration::from_secs(limit.per_seconds.max(1)) }
}

/// What a stream carries; `None` for streams that calendars don't have.
fn component(stream: Stream) -> Option<Component> {
    match stream {
        Kind::Meeting => Some(Component::Event),
        Kind::Task => Some(Component::Todo),
        Kind::Company
        | Kind::Contact
        | Kind::Deal
        | Kind::Owner
        | Kind::Pipeline
        | Kind::Note
        | Kind::Email
        | Kind::Call => None,
    }
}

#[async_trait]
impl Connector for Caldav {
    fn describe(&self) -> &Descriptor {
        &self.descriptor
    }
    async fn check(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        self.account(cx).await
    }
    async fn poll(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        self.page(cx, stream, pass, from).await
    }
    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        self.write(cx, write).await
    }
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        self.look(cx, write, sent).await
    }
}
