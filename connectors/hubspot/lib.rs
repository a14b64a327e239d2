//! HubSpot CRM as streams of changes and writes. `README.md` beside this file says what is read and written,
//! and how each write avoids being done twice.

mod api;
mod calls;
mod check;
mod cursor;
mod errors;
mod fields;
mod find;
mod options;
mod read;
mod sweep;
mod text;
mod view;
mod whole;
mod write;

use async_trait::async_trait;
use connect::{
    Account, Applied, Call, Capabilities, Connector, Cx, Dedupe, Deletes, Descriptor, Error, ErrorKind,
    Landing, Maker, Options, Page,
    http::limit::{Bucket, HeaderNames},
};
use fields::Object;
use http::HeaderName;
use model::{ConnectionId, Cursor, Kind, Pass, Stream, Timestamp, Write, WriteKind};
use options::Settings;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use view::Reader;

/// How the program makes a HubSpot connector.
pub const MAKER: Maker = Maker {
    vendor: "hubspot",
    provider: include_str!("../../config/providers/hubspot.toml"),
    make: |options| Ok(Arc::new(HubSpot::new(options)?)),
};

/// Increments stay this far behind the present, so that the search index has caught up with what they ask for.
const GUARD: Duration = Duration::from_secs(30);
/// How long after it was sent a write may still land. HubSpot promises nothing; its gateways give up in less.
const VISIBILITY_LAG: Duration = Duration::from_mins(1);

/// The connector of one HubSpot account.
pub struct HubSpot {
    connection: ConnectionId,
    settings: Settings,
    timeout: Duration,
    descriptor: Descriptor,
    learnt: Mutex<Learnt>,
}

/// What was learnt of the account since the start. Losing it costs a few requests, never correctness.
#[derive(Default)]
struct Learnt {
    /// IANA zone.
    zone: Option<String>,
    /// Whether the unique property is there, per object type.
    keys: HashMap<Kind, bool>,
    /// Association types that differ from the published ones.
    types: HashMap<(Kind, Kind), u32>,
}

impl HubSpot {
    fn new(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            connection: options.connection.clone(),
            settings: Settings::read(options)?,
            timeout: options.timeout,
            descriptor: describe(),
            learnt: Mutex::default(),
        })
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self, kind: Kind) -> Result<&Object, Error> {
        let found = self.settings.objects.iter().find(|object| object.kind == kind);
        found.ok_or_else(|| Error::unsent(ErrorKind::Invalid, format!("hubspot: {kind} is no CRM object")))
    }

    fn reader<'r>(&'r self, object: &'r Object, linked: bool) -> Reader<'r> {
        Reader { object, connection: &self.connection, linked }
    }

    /// Sends a call; the end of a daily limit is midnight in the portal's zone.
    async fn send<C: Call>(&self, cx: &Cx<'_>, call: &C) -> Result<C::Out, Error> {
        let mut answer = cx.send(call).await;
        if let Err(Error { kind: ErrorKind::DailyLimit { until: until @ None }, .. }) = &mut answer {
            *until = midnight_after(cx.clock.now(), self.learnt().zone.as_deref());
        }
        answer
    }
}

fn midnight_after(now: Timestamp, zone: Option<&str>) -> Option<Timestamp> {
    let zone = zone.and_then(|name| jiff::tz::TimeZone::get(name).ok()).unwrap_or(jiff::tz::TimeZone::UTC);
    let tomorrow = now.to_jiff().to_zoned(zone).tomorrow().ok()?.start_of_day().ok()?;
    Some(Timestamp::from_millis(tomorrow.timestamp().as_millisecond()))
}

/// What is written; events and messages go elsewhere.
const WRITES: [WriteKind; 5] = [
    WriteKind::CreateTask,
    WriteKind::CompleteTask,
    WriteKind::CreateNote,
    WriteKind::ChangeStage,
    WriteKind::ChangeOwner,
];

fn describe() -> Descriptor {
    let reads = Kind::ALL.into_iter().map(|kind| {
        let deletes = if kind == Kind::Owner { Deletes::Reported } else { Deletes::BySweep };
        (kind, deletes)
    });
    let writes = WRITES.into_iter().map(|kind| {
        // Stronger where the account lets us have a unique property: see `check`.
        (kind, if kind.creates() { Dedupe::MarkerSearch } else { Dedupe::Idempotent })
    });
    Descriptor {
        vendor: MAKER.vendor,
        capabilities: Capabilities { reads: reads.collect(), writes: writes.collect() },
        // The smallest plan; headers raise the first, the second is the whole account's.
        limits: vec![
            Bucket { name: "general", limit: 100, per: Duration::from_secs(10) },
            Bucket { name: "search", limit: 4, per: Duration::from_secs(1) },
        ],
        headers: HeaderNames {
            bucket: "general",
            max: Some(HeaderName::from_static("x-hubspot-ratelimit-max")),
            remaining: Some(HeaderName::from_static("x-hubspot-ratelimit-remaining")),
            interval_millis: Some(HeaderName::from_static("x-hubspot-ratelimit-interval-milliseconds")),
            daily: Some(HeaderName::from_static("x-hubspot-ratelimit-daily")),
            daily_remaining: Some(HeaderName::from_static("x-hubspot-ratelimit-daily-remaining")),
        },
        visibility_lag: VISIBILITY_LAG,
    }
}

#[async_trait]
impl Connector for HubSpot {
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
        if matches!(stream, Kind::Owner | Kind::Pipeline) {
            return self.whole(cx, stream, pass, from).await;
        }
        let object = self.object(stream)?;
        match pass {
            Pass::Full => self.full(cx, object, from).await,
            Pass::Since => self.since(cx, object, from).await,
            Pass::Census => self.census(cx, object, from).await,
            Pass::Audit { slice, of } => self.audit(cx, object, *slice, *of, from).await,
            Pass::These(ids) => self.these(cx, object, ids, from).await,
        }
    }
    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        self.written(cx, write).await
    }
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        self.landing(cx, write, sent).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_the_portals_own_midnight() {
        let now = Timestamp::parse("2026-11-22T07:40:00Z").unwrap();
        let ends = |zone| midnight_after(now, zone).unwrap().to_string();
        assert_eq!(ends(Some("Europe/Berlin")), "2026-11-22T23:00:00.000Z");
        assert_eq!(ends(Some("Mars/Base")), "2026-11-23T00:00:00.000Z");
        assert_eq!(ends(None), "2026-11-23T00:00:00.000Z");
    }
}
