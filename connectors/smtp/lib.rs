//! Notifications by mail, through any submission server: one recipient per mail, a stable Message-ID, and the
//! honest "nobody can tell" when the server's last word was lost.
#![warn(missing_docs)]

mod message;
mod reply;
mod sasl;
mod session;
mod site;

use async_trait::async_trait;
use connect::{
    Account, Applied, Capabilities, Connector, Cx, Dedupe, Descriptor, Error, ErrorKind, Grant, Landing,
    Maker, Options, Page, Sent, http::limit::HeaderNames,
};
use message::Senders;
use model::{
    ConnectionId, Cursor, ExternalRef, Intent, Kind, Pass, Receipt, Stream, Timestamp, Write, WriteKind,
};
use serde::Deserialize;
use session::Session;
use site::Site;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// How the connector is made.
pub const MAKER: Maker =
    Maker { vendor: "smtp", provider: include_str!("../../config/providers/smtp.toml"), make };

/// Conversations at a time: servers count connections per client.
const AT_A_TIME: usize = 3;
/// How long a mail whose answer was lost rests before it is sent again, where the sender insists.
const REST: Duration = Duration::from_secs(60);
/// How long a server may put a mail off; afterwards nobody wants the news any more (mail servers themselves
/// give up after four to five days, RFC 5321, 4.5.4.1).
const GIVE_UP: Duration = Duration::from_secs(2 * 86_400);

/// One connection to a submission server.
pub struct Smtp {
    connection: ConnectionId,
    senders: Senders,
    /// How we introduce ourselves.
    helo: String,
    /// Sign in at all.
    login: bool,
    descriptor: Descriptor,
    turns: Semaphore,
}

/// Options of a connection, besides those that all connections have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    /// Whom the mails come from: an address, or `Name <address>`. The server must allow it.
    from: String,
    /// Where answers go, when not to `from`.
    reply_to: Option<String>,
    /// What we call ourselves in EHLO: a host's name, or an address in brackets.
    #[serde(default = "unnamed")]
    helo: String,
    /// False for a relay that takes mail without sign-in.
    #[serde(default = "yes")]
    login: bool,
}

/// A client without a name of its own says its address (RFC 5321, 4.1.4).
fn unnamed() -> String {
    "[127.0.0.1]".to_owned()
}

const fn yes() -> bool {
    true
}

impl Smtp {
    /// Makes a connector; `from` is required, an unknown option is an error.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let wrong = |why: String| {
            Error::unsent(ErrorKind::Config, format!("connection {}: {why}", options.connection))
        };
        let extra = serde_json::Value::Object(options.extra.clone());
        let Extra { from, reply_to, helo, login } =
            serde_json::from_value(extra).map_err(|error| wrong(format!("options: {error}")))?;
        if helo.is_empty() || helo.contains(|char: char| char.is_whitespace() || !char.is_ascii_graphic()) {
            return Err(wrong(format!("options.helo: {helo:?} is no host's name")));
        }
        Ok(Self {
            connection: options.connection.clone(),
            senders: Senders::read(&from, reply_to.as_deref()).map_err(wrong)?,
            helo,
            login,
            descriptor: descriptor(),
            turns: Semaphore::new(AT_A_TIME),
        })
    }

    /// A conversation that has come to the point where a mail may be handed in.
    async fn session<'a>(&self, cx: &'a Cx<'a>) -> Result<Session<'a>, Error> {
        let mut session = Session::open(cx, &Site::of(cx.base)?, &self.helo).await?;
        if self.login {
            session.sign_in().await?;
        }
        Ok(session)
    }

    async fn deliver(&self, cx: &Cx<'_>, write: &Write) -> Result<Receipt, Error> {
        let mail = message::build(&self.senders, write)?;
        let turn = self.turns.acquire().await;
        let _turn = turn.map_err(|_| Error::unsent(ErrorKind::Busy { after: None }, "shutting down"))?;
        let mut session = self.session(cx).await?;
        let taken = session.hand_in(self.senders.address(), &mail.to, &mail.bytes).await;
        session.leave().await;
        taken?;
        let reference = ExternalRef::new(&self.connection, Kind::Email, mail.id);
        Ok(Receipt { reference, at: cx.clock.now(), found: false })
    }
}

fn make(options: &Options) -> Result<Arc<dyn Connector>, Error> {
    Ok(Arc::new(Smtp::new(options)?))
}

fn descriptor() -> Descriptor {
    Descriptor {
        vendor: "smtp",
        capabilities: Capabilities {
            reads: Vec::new(),
            writes: vec![(WriteKind::Notify, Dedupe::AtMostOnce)],
        },
        limits: Vec::new(),
        headers: HeaderNames::default(),
        visibility_lag: Duration::ZERO,
    }
}

/// A server that puts a mail off for days will not take it.
fn impatient(error: Error, decided: Timestamp, now: Timestamp) -> Error {
    match error.kind {
        ErrorKind::Busy { .. } if error.sent == Sent::Answered && now.since(decided) > GIVE_UP => {
            Error { kind: ErrorKind::Invalid, detail: format!("given up after two days: {error}"), ..error }
        }
        _ => error,
    }
}

#[async_trait]
impl Connector for Smtp {
    fn describe(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Signs in and asks whether mails from our address are taken; sends none.
    async fn check(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let mut session = self.session(cx).await?;
        let refused = session.would_send(self.senders.address()).await;
        session.leave().await;
        let missing = refused?.map(|words| {
            format!("the server takes no mail from {}: {words}; change options.from", self.senders.address())
        });
        let host = cx.base.host_str().unwrap_or("the mail server");
        let what = "send notifications".to_owned();
        Ok(Account {
            name: format!("{} at {host}", self.senders.address()),
            grants: vec![Grant { what, stream: None, granted: missing.is_none(), missing }],
            ..Account::default()
        })
    }

    async fn poll(
        &self,
        _cx: &Cx<'_>,
        stream: Stream,
        _pass: &Pass,
        _from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        Err(Error::unsent(ErrorKind::Config, format!("SMTP only sends: there are no {}", stream.plural())))
    }

    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        let Intent::Notify { at, .. } = &write.intent else {
            let kind = write.intent.kind();
            return Err(Error::unsent(
                ErrorKind::Invalid,
                format!("SMTP only sends notifications, no {kind}"),
            ));
        };
        match self.deliver(cx, write).await {
            Ok(receipt) => Ok(Applied::Done(receipt)),
            Err(error) => Err(impatient(error, *at, cx.clock.now())),
        }
    }

    /// Nobody can look into the recipient's mailbox. Where twice is better than never the mail goes out again,
    /// with the same Message-ID, so that the recipient's program can tell.
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        let Intent::Notify { insist: true, .. } = &write.intent else {
            return Ok(Landing::Unknown { look_again: None });
        };
        let rested = sent + REST;
        if cx.clock.now() < rested {
            return Ok(Landing::Unknown { look_again: Some(rested) });
        }
        Ok(Landing::Absent)
    }
}
