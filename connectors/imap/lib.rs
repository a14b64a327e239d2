//! Mailboxes on any IMAP server (RFC 3501, 9051) as a stream of mails. Nothing is ever changed there: folders are
//! opened read-only and mails stay unread.
#![warn(missing_docs)]

mod census;
mod check;
mod cursor;
mod fetch;
mod folders;
mod message;
mod pool;
mod reference;
mod refusal;
mod session;
mod structure;
mod uids;
mod walk;
mod watch;
mod wire;

use async_trait::async_trait;
use census::Wanted;
use connect::{
    Account, Applied, Capabilities, Connector, Cx, Deletes, Descriptor, Error, ErrorKind, Landing, Maker,
    Options, Page,
    http::limit::{Bucket, HeaderNames},
};
use folders::{Choice, Folder};
use model::{ConnectionId, Cursor, Kind, Pass, Stream, Timestamp, Write};
use pool::Pool;
use serde::{Deserialize, de::DeserializeOwned};
use session::Session;
use std::{sync::Arc, time::Duration};

/// How the connector is made.
pub const MAKER: Maker =
    Maker { vendor: "imap", provider: include_str!("../../config/providers/imap.toml"), make };

/// The limit that every command counts against.
const BUCKET: &str = "general";

/// The facts that the connector itself needs; the rest of the file is for others.
#[derive(Deserialize)]
struct Facts {
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    requests: u32,
    per_seconds: u64,
}

/// One mailbox.
pub struct Imap {
    connection: ConnectionId,
    choice: Choice,
    bodies: bool,
    descriptor: Descriptor,
    pool: Pool,
    /// The session that waits for news.
    waiting: Pool,
}

/// Options of a connection, besides those that all connections have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extra {
    /// Only these folders, by the names that people see.
    folders: Vec<String>,
    /// Not these folders, nor what is in them.
    skip: Vec<String>,
    /// Store texts (up to 64 KB of each) rather than their first 200 characters.
    bodies: bool,
    /// Most sessions at the same time, besides the one that waits for news.
    connections: usize,
}

impl Default for Extra {
    fn default() -> Self {
        Self { folders: Vec::new(), skip: Vec::new(), bodies: false, connections: 2 }
    }
}

impl Imap {
    /// Makes a connector; an option that there is not is an error.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let wrong = |what: String| {
            Error::unsent(ErrorKind::Config, format!("connection {}: {what}", options.connection))
        };
        let extra = serde_json::Value::Object(options.extra.clone());
        let Extra { folders, skip, bodies, connections } =
            serde_json::from_value(extra).map_err(|error| wrong(error.to_string()))?;
        if !(1..=10).contains(&connections) {
            return Err(wrong("`connections` must be between 1 and 10".to_owned()));
        }
        let facts: Facts = toml::from_str(MAKER.provider).map_err(|error| {
            Error::unsent(ErrorKind::Config, format!("config/providers/imap.toml: {error}"))
        })?;
        Ok(Self {
            connection: options.connection.clone(),
            choice: Choice { only: folders, skip },
            bodies,
            descriptor: descriptor(&facts),
            pool: Pool::new(connections),
            waiting: Pool::new(1),
        })
    }

    /// One page with a session of its own, kept for the next page.
    async fn page(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        match pass {
            Pass::Full | Pass::Since => self.walk(cx, session, *pass == Pass::Full, place(from)?).await,
            Pass::Census => self.round(cx, session, Wanted::Ids, place(from)?).await,
            Pass::Audit { slice, of } => {
                let wanted = Wanted::Slice { slice: *slice, of: (*of).max(1) };
                self.round(cx, session, wanted, place(from)?).await
            }
            Pass::These(ids) => self.these(cx, session, ids, place(from)?).await,
        }
    }

    /// The folders to be read. None at all is a mistake, here or there, and no empty mailbox.
    fn chosen(&self, all: &[Folder]) -> Result<Vec<Folder>, Error> {
        let wanted = folders::wanted(all, &self.choice);
        if wanted.is_empty() {
            let detail = format!(
                "{}: none of {} folders is to be read; see `folders` and `skip`",
                self.connection,
                all.len()
            );
            return Err(Error::answered(ErrorKind::Config, detail));
        }
        Ok(wanted)
    }

    async fn wanted(&self, cx: &Cx<'_>, session: &mut Session, numbers: bool) -> Result<Vec<Folder>, Error> {
        self.chosen(&session.folders(cx, numbers).await?)
    }
}

/// Reads a cursor; the default where there is none.
fn place<T: DeserializeOwned + Default>(from: Option<&Cursor>) -> Result<T, Error> {
    match from {
        None => Ok(T::default()),
        Some(cursor) => cursor::read(cursor).ok_or_else(|| {
            Error::unsent(ErrorKind::CursorExpired, "the cursor of the mailbox can't be read")
        }),
    }
}

fn make(options: &Options) -> Result<Arc<dyn Connector>, Error> {
    Ok(Arc::new(Imap::new(options)?))
}

fn descriptor(facts: &Facts) -> Descriptor {
    let bucket = |limit: &Limit| Bucket {
        name: BUCKET,
        limit: limit.requests,
        per: Duration::from_secs(limit.per_seconds.max(1)),
    };
    Descriptor {
        vendor: "imap",
        capabilities: Capabilities { reads: vec![(Kind::Email, Deletes::Reported)], writes: Vec::new() },
        limits: facts.limits.iter().map(bucket).collect(),
        headers: HeaderNames::default(),
        visibility_lag: Duration::ZERO,
    }
}

#[async_trait]
impl Connector for Imap {
    fn describe(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let _room = self.pool.room().await;
        self.account(cx).await
    }

    async fn poll(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        if stream != Kind::Email {
            let detail = format!("a mailbox has no stream of {}", stream.plural());
            return Err(Error::unsent(ErrorKind::Invalid, detail));
        }
        let _room = self.pool.room().await;
        loop {
            let kept = self.pool.take();
            let was_kept = kept.is_some();
            let mut session = match kept {
                Some(session) => session,
                None => Session::open(cx).await?,
            };
            match self.page(cx, &mut session, pass, from).await {
                Ok(page) => {
                    self.pool.put(session);
                    return Ok(page);
                }
                // A session that was kept may have been closed long ago: that says nothing of the server. The
                // pool is bounded, so this ends.
                Err(error) if was_kept && error.kind == ErrorKind::Network => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn apply(&self, _cx: &Cx<'_>, _write: &Write) -> Result<Applied, Error> {
        Err(Error::unsent(ErrorKind::Invalid, "nothing is written to a mailbox"))
    }

    async fn find(&self, _cx: &Cx<'_>, _write: &Write, _sent: Timestamp) -> Result<Landing, Error> {
        Ok(Landing::Absent)
    }

    async fn watch(&self, cx: &Cx<'_>, stream: Stream) {
        if stream != Kind::Email {
            return std::future::pending().await;
        }
        self.wait(cx).await;
    }
}
