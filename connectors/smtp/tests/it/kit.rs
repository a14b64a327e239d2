//! A server in memory that follows a script, and everything else that a call runs in.

use async_trait::async_trait;
use connect::{
    Applied, Auth, Broken, Clock, Connector, Cx, Dial, Duplex, Error, Lane, Limiter, Login, Options, Proof,
    Secret, Transport,
};
use model::{ConnectionId, ExternalRef, Intent, Kind, Timestamp, Write, WriteKey};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use url::Url;

pub const PASSWORD: &str = "s3cret-word";
pub const DECIDED: Timestamp = Timestamp::from_millis(1_763_797_200_000);

/// What the server does when a line that begins so has come (for the end of a mail: `.`).
pub enum Does {
    /// Answers with these bytes.
    Says(&'static str),
    /// Closes.
    Hangs,
    /// Never answers.
    Sleeps,
}

/// Stands for an empty line.
pub const EMPTY: &str = "(nothing)";

/// Servers for one connection each, in order.
pub type Script = Vec<(&'static str, Does)>;

/// An EHLO that offers sign-in.
pub const HELLO: &str = "250-sink.test\r\n250-SIZE 100000\r\n250 AUTH PLAIN LOGIN\r\n";

/// The way to the scripted servers.
#[derive(Default)]
pub struct Scripted {
    scripts: Mutex<VecDeque<Script>>,
    /// Lines that came, of all connections; the mail itself as one entry.
    pub heard: Arc<Mutex<Vec<String>>>,
    /// TLS handshakes.
    pub secured: AtomicU32,
}

impl Scripted {
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: Mutex::new(scripts.into_iter().collect()), ..Self::default() }
    }
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
    /// How many whole mails came.
    pub fn mails(&self) -> usize {
        self.heard().iter().filter(|line| line.contains("\r\n")).count()
    }
}

#[async_trait]
impl Dial for Scripted {
    async fn dial(&self, _host: &str, _port: u16, _patience: Duration) -> Result<Box<dyn Duplex>, Broken> {
        let script = self.scripts.lock().unwrap().pop_front();
        let Some(script) = script else {
            return Err(Broken { sent: connect::Sent::NotSent, timeout: false, why: "refused".into() });
        };
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(serve(theirs, script, self.heard.clone()));
        Ok(Box::new(ours))
    }
    async fn secure(
        &self,
        stream: Box<dyn Duplex>,
        _host: &str,
        _patience: Duration,
    ) -> Result<Box<dyn Duplex>, Broken> {
        self.secured.fetch_add(1, Ordering::SeqCst);
        Ok(stream)
    }
}

/// The first entry, with an empty beginning, is the greeting.
async fn serve(stream: DuplexStream, script: Script, heard: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let mut in_mail = false;
    for (expected, does) in script {
        if !expected.is_empty() {
            let said = if in_mail { mail(&mut stream).await } else { line(&mut stream).await };
            let Some(said) = said else { return };
            heard.lock().unwrap().push(said.clone());
            let fits = match expected {
                EMPTY => said.is_empty(),
                "." => in_mail,
                beginning => said.starts_with(beginning),
            };
            assert!(fits, "expected {expected:?}, heard {said:?}");
        }
        in_mail = matches!(does, Does::Says(reply) if reply.starts_with("354"));
        match does {
            Does::Says(reply) => stream.get_mut().write_all(reply.as_bytes()).await.unwrap(),
            Does::Hangs => return,
            Does::Sleeps => std::future::pending().await,
        }
    }
    // Whatever else comes (QUIT) is heard and the connection is closed.
    if let Some(said) = line(&mut stream).await {
        heard.lock().unwrap().push(said);
    }
}

async fn line(stream: &mut BufReader<DuplexStream>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    Some(line.trim_end().to_owned())
}

/// A mail up to its final dot, with doubled dots; `None` when it never ended.
async fn mail(stream: &mut BufReader<DuplexStream>) -> Option<String> {
    let mut mail = String::new();
    loop {
        let from = mail.len();
        stream.read_line(&mut mail).await.ok().filter(|read| *read > 0)?;
        if &mail[from..] == ".\r\n" {
            mail.truncate(from);
            return Some(mail);
        }
    }
}

/// A script up to the point where a mail is handed in.
pub fn signed_in(rest: Script) -> Script {
    let mut script = vec![
        ("", Does::Says("220 sink.test\r\n")),
        ("EHLO", Does::Says(HELLO)),
        ("AUTH PLAIN", Does::Says("235 2.7.0 welcome\r\n")),
    ];
    script.extend(rest);
    script
}

/// A script up to the end of the mail.
pub fn handed_in(verdict: Does) -> Script {
    signed_in(vec![
        ("MAIL FROM:<desk@ours.example>", Does::Says("250 ok\r\n")),
        ("RCPT TO:<anna@ours.example>", Does::Says("250 ok\r\n")),
        ("DATA", Does::Says("354 go on\r\n")),
        (".", verdict),
    ])
}

/// Passwords or tokens, one per renewal.
pub struct Proofs {
    user: &'static str,
    proofs: Mutex<VecDeque<Proof>>,
}

impl Proofs {
    pub fn password() -> Self {
        Self::of([Proof::Password(Secret::new(PASSWORD))])
    }
    pub fn of(proofs: impl IntoIterator<Item = Proof>) -> Self {
        Self { user: "anna", proofs: Mutex::new(proofs.into_iter().collect()) }
    }
    pub fn named(self, user: &'static str) -> Self {
        Self { user, ..self }
    }
}

#[async_trait]
impl Auth for Proofs {
    async fn sign(&self, _cx: &Cx<'_>, _request: &mut http::Request<bytes::Bytes>) -> Result<(), Error> {
        Ok(())
    }
    async fn login(&self, _cx: &Cx<'_>) -> Result<Login, Error> {
        let proof = self.proofs.lock().unwrap().front().cloned().unwrap();
        Ok(Login { user: self.user.to_owned(), proof })
    }
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        let mut proofs = self.proofs.lock().unwrap();
        if proofs.len() == 1 {
            let detail = format!("{} has nothing better", cx.connection);
            return Err(Error::answered(connect::ErrorKind::NotConnected, detail));
        }
        proofs.pop_front();
        Ok(())
    }
}

struct NoHttp;

#[async_trait]
impl Transport for NoHttp {
    async fn send(
        &self,
        _request: http::Request<bytes::Bytes>,
        _timeout: Duration,
    ) -> Result<http::Response<bytes::Bytes>, Broken> {
        panic!("SMTP speaks no HTTP");
    }
}

/// A clock that is set by hand; waits are tokio's.
pub struct Set(pub Mutex<Timestamp>);

#[async_trait]
impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn sleep_until(&self, at: Timestamp) {
        *self.0.lock().unwrap() = at;
    }
}

/// A connector with all that its calls run in.
pub struct World<D> {
    pub connector: Arc<dyn Connector>,
    pub dial: D,
    pub auth: Proofs,
    pub clock: Set,
    pub base: Url,
    connection: ConnectionId,
    limiter: Limiter,
}

impl<D: Dial> World<D> {
    pub fn new(dial: D, base: &str) -> Self {
        Self {
            connector: connector(&serde_json::json!({ "from": "Desk <desk@ours.example>" })).unwrap(),
            dial,
            auth: Proofs::password(),
            clock: Set(Mutex::new(DECIDED)),
            base: base.parse().unwrap(),
            connection: ConnectionId::from("mail"),
            limiter: Limiter::new(Vec::new()),
        }
    }

    pub fn cx(&self) -> Cx<'_> {
        Cx {
            connection: &self.connection,
            base: &self.base,
            transport: &NoHttp,
            limiter: &self.limiter,
            dial: &self.dial,
            auth: &self.auth,
            clock: &self.clock,
            lane: Lane::Write,
            timeout: Duration::from_secs(30),
        }
    }

    pub async fn send(&self, write: &Write) -> Result<Applied, Error> {
        self.connector.apply(&self.cx(), write).await
    }
}

pub fn connector(extra: &serde_json::Value) -> Result<Arc<dyn Connector>, Error> {
    let extra = extra.as_object().unwrap().clone();
    let options = Options { connection: ConnectionId::from("mail"), extra, timeout: Duration::from_secs(30) };
    (smtp::MAKER.make)(&options)
}

/// A notification to a recipient.
pub fn notice(to: &str, insist: bool) -> Write {
    let target = ExternalRef::new(&ConnectionId::from("mail"), Kind::Email, to);
    let intent = Intent::Notify {
        to: to.into(),
        subject: "Acme waits".to_owned(),
        text: "Line one\n.hidden dot\n".to_owned(),
        html: None,
        insist,
        at: DECIDED,
    };
    let key = WriteKey::new(&target.connection, intent.kind(), &target, "event 7", "r/anna", 0);
    Write { key, target, intent, expects: Vec::new(), because: "a test says so".to_owned() }
}

pub fn to_anna() -> Write {
    notice("anna@ours.example", false)
}
