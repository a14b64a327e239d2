//! Gmail and Google Calendar as streams and writes: one connection is one user's mailbox and calendars.
//! `README.md` beside this file says what is read and written, and how each write avoids being done twice.

mod calls;
mod check;
mod cursor;
mod errors;
mod letter;
mod mails;
mod meeting;
mod meetings;
mod options;
mod write;

use async_trait::async_trait;
use connect::{
    Account, Applied, Capabilities, Connector, Cx, Dedupe, Deletes, Descriptor, Error, ErrorKind, Landing,
    Maker, Options, Page, Position, http::limit::HeaderNames,
};
use cursor::Place;
use model::{ConnectionId, Cursor, Kind, Pass, Stream, Timestamp, Write, WriteKind};
use options::Settings;
use std::{sync::Arc, time::Duration};

/// How the program makes a Google connector.
pub const MAKER: Maker = Maker {
    vendor: "google",
    provider: include_str!("../../config/providers/google.toml"),
    make: |options| Ok(Arc::new(Google::new(options)?)),
};

/// How long after it was sent a write may still land. Google promises nothing; its front ends give up in less.
const VISIBILITY_LAG: Duration = Duration::from_mins(1);

/// The connector of one user.
pub struct Google {
    connection: ConnectionId,
    settings: Settings,
    timeout: Duration,
    descriptor: Descriptor,
}

impl Google {
    fn new(options: &Options) -> Result<Self, Error> {
        let settings = Settings::read(options, MAKER.provider)?;
        Ok(Self {
            connection: options.connection.clone(),
            descriptor: describe(&settings),
            timeout: options.timeout,
            settings,
        })
    }

    /// Is this id in the slice?
    fn falls(&self, id: &str, slice: u32, of: u32) -> bool {
        let [first, second, third, fourth, ..] = model::hash::digest(&[self.connection.as_str(), id]);
        u32::from_be_bytes([first, second, third, fourth]) % of.max(1) == slice
    }
}

/// Where `These` stands after `now` of `rest` ids.
fn next_of_these(done: usize, now: usize, rest: usize) -> Position {
    if rest > now {
        Position::More(Place::These { done: done + now }.cursor())
    } else {
        Position::CaughtUp { cursor: Place::Over.cursor(), complete: false }
    }
}

fn describe(settings: &Settings) -> Descriptor {
    Descriptor {
        vendor: MAKER.vendor,
        capabilities: Capabilities {
            // A cancelled meeting is told as cancelled at once; that it is gone, by the next census.
            reads: vec![(Kind::Meeting, Deletes::BySweep), (Kind::Email, Deletes::Reported)],
            writes: vec![
                (WriteKind::CreateEvent, Dedupe::NativeKey),
                (WriteKind::MoveEvent, Dedupe::Idempotent),
            ],
        },
        limits: settings.limits.clone(),
        headers: HeaderNames::default(),
        visibility_lag: VISIBILITY_LAG,
    }
}

#[async_trait]
impl Connector for Google {
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
        match (stream, pass) {
            (Kind::Email, Pass::Full) => self.mails(cx, from).await,
            (Kind::Email, Pass::Since) => self.mail_news(cx, from).await,
            (Kind::Email, Pass::Census) => self.mail_ids(cx, None, from).await,
            (Kind::Email, Pass::Audit { slice, of }) => self.mail_ids(cx, Some((*slice, *of)), from).await,
            (Kind::Email, Pass::These(ids)) => self.these_mails(cx, ids, from).await,
            (Kind::Meeting, Pass::Full) => self.meetings(cx, from).await,
            (Kind::Meeting, Pass::Since) => self.meeting_news(cx, from).await,
            (Kind::Meeting, Pass::Census) => self.meetings_once(cx, None, from).await,
            (Kind::Meeting, Pass::Audit { slice, of }) => {
                self.meetings_once(cx, Some((*slice, *of)), from).await
            }
            (Kind::Meeting, Pass::These(ids)) => self.these_meetings(cx, ids, from).await,
            (other, _) => Err(Error::unsent(
                ErrorKind::Invalid,
                format!("google: {} are not read here", other.plural()),
            )),
        }
    }
    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        self.written(cx, write).await
    }
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        self.landing(cx, write, sent).await
    }
}
