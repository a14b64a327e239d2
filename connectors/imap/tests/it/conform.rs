//! The conformance suite, against a real Dovecot and against a server that has CONDSTORE alone, as Gmail has.

use crate::{
    dovecot::Dovecot,
    fake::Fake,
    kit::{PASSWORD, Rig, TIMEOUT, mail, server},
};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Broken, Connector, Cx, Dial, Duplex, Sent, Transport,
    conformance::{self, Fault, Faults, Linked},
    dial::Tcp,
};
use http::{Request, Response};
use imap::Imap;
use model::{Stream, Write, WriteKind};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// The mailbox behind the connector's back.
enum Mailbox<'a> {
    Real(&'a Dovecot, String),
    Fake(Fake),
}

struct Suite<'a> {
    rig: Rig,
    faults: Arc<Faults>,
    mailbox: Mailbox<'a>,
    made: AtomicUsize,
}

/// Passes on what two ends say to each other, and spoils commands as `faults` will have it.
struct Spoilt<D> {
    inner: D,
    faults: Arc<Faults>,
}

#[async_trait]
impl<D: Dial> Dial for Spoilt<D> {
    async fn dial(&self, host: &str, port: u16, patience: Duration) -> Result<Box<dyn Duplex>, Broken> {
        let server = self.inner.dial(host, port, patience).await?;
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(pass_on(Arc::clone(&self.faults), theirs, server));
        Ok(Box::new(ours))
    }
    async fn secure(&self, _: Box<dyn Duplex>, host: &str, _: Duration) -> Result<Box<dyn Duplex>, Broken> {
        Err(Broken { sent: Sent::NotSent, timeout: false, why: format!("no TLS with {host}") })
    }
}

/// The connection's two ends: `None` when it is to be cut.
async fn pass_on(faults: Arc<Faults>, client: tokio::io::DuplexStream, server: Box<dyn Duplex>) {
    let (from_client, mut to_client) = tokio::io::split(client);
    let (from_server, mut to_server) = tokio::io::split(server);
    let (mut from_client, mut from_server) = (BufReader::new(from_client), BufReader::new(from_server));
    let mut greeting = Vec::new();
    if from_server.read_until(b'\n', &mut greeting).await.is_err()
        || to_client.write_all(&greeting).await.is_err()
    {
        return;
    }
    loop {
        let mut command = String::new();
        if from_client.read_line(&mut command).await.unwrap_or(0) == 0 {
            return;
        }
        let tag = command.split(' ').next().unwrap().to_owned();
        let mut answer = async || {
            to_server.write_all(command.as_bytes()).await.ok()?;
            let mut answer = Vec::new();
            loop {
                let begin = answer.len();
                if from_server.read_until(b'\n', &mut answer).await.ok()? == 0 {
                    return None;
                }
                if answer[begin..].starts_with(format!("{tag} ").as_bytes()) {
                    return Some(answer);
                }
            }
        };
        let no = |code: &str| Some(format!("{tag} NO [{code}] spoilt on purpose\r\n").into_bytes());
        let (answer, go_on) = match spoilt(&faults).await {
            None => (answer().await, true),
            Some(Fault::LostAnswer) => (answer().await.map(|_| Vec::new()), false),
            Some(Fault::LostRequest | Fault::Refused) => (None, false),
            Some(Fault::TooMany) => (no("LIMIT"), true),
            Some(Fault::Server) => (no("UNAVAILABLE"), true),
            Some(Fault::ServerAfter) => (answer().await.and_then(|_| no("UNAVAILABLE")), true),
            Some(Fault::Unauthorized) => (no("AUTHENTICATIONFAILED"), true),
            Some(Fault::Forbidden) => (no("NOPERM"), true),
            Some(Fault::Garbled) => (answer().await.map(|answer| answer[..answer.len() / 2].to_vec()), false),
        };
        let Some(answer) = answer else { return };
        if to_client.write_all(&answer).await.is_err() || !go_on {
            return;
        }
    }
}

/// What the faults will have done to this command, found out by sending a request through them.
async fn spoilt(faults: &Faults) -> Option<Fault> {
    let answer = faults.send(Request::new(Bytes::from_static(b"read")), TIMEOUT).await;
    match answer {
        Ok(answer) if answer.status().is_success() => (answer.body().len() != 4).then_some(Fault::Garbled),
        Ok(answer) => Some(match answer.status().as_u16() {
            429 => Fault::TooMany,
            401 => Fault::Unauthorized,
            403 => Fault::Forbidden,
            500 => Fault::ServerAfter,
            _ => Fault::Server,
        }),
        Err(Broken { sent: Sent::NotSent, .. }) => Some(Fault::Refused),
        Err(_) => Some(Fault::LostRequest),
    }
}

/// Answers everything with four bytes.
struct Echo;

#[async_trait]
impl Transport for Echo {
    async fn send(&self, request: Request<Bytes>, _timeout: Duration) -> Result<Response<Bytes>, Broken> {
        Ok(Response::new(request.into_body()))
    }
}

impl Suite<'_> {
    fn folder_and_uid(id: &str) -> (&str, u32) {
        let mut parts = id.split('/');
        (parts.next().unwrap(), parts.nth(1).unwrap().parse().unwrap())
    }
}

#[async_trait]
impl conformance::Rig for Suite<'_> {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(Imap::new(&self.rig.options).unwrap())
    }
    fn faults(&self) -> &Faults {
        &self.faults
    }
    fn cx(&self) -> Cx<'_> {
        self.rig.cx()
    }
    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }
    async fn advance(&self, by: Duration) {
        self.rig.clock.sleep_until(self.rig.clock.now() + by).await;
    }
    async fn ids(&self, _stream: Stream) -> BTreeSet<String> {
        match &self.mailbox {
            Mailbox::Real(server, user) => real_ids(server, user),
            Mailbox::Fake(fake) => fake.ids(),
        }
    }
    async fn create(&self, _stream: Stream, count: usize) -> Vec<String> {
        let first = self.made.fetch_add(count, Ordering::Relaxed);
        let mails: Vec<String> = (first..first + count).map(mail).collect();
        let uids = match &self.mailbox {
            Mailbox::Real(server, user) => server.append(user, "INBOX", &mails),
            Mailbox::Fake(fake) => {
                fake.inbox(|inbox| mails.into_iter().map(|mail| inbox.add(mail)).collect())
            }
        };
        let validity = match &self.mailbox {
            Mailbox::Real(server, user) => server.listing(user)["INBOX"].0,
            Mailbox::Fake(fake) => fake.inbox(|inbox| inbox.validity),
        };
        uids.into_iter().map(|uid| format!("INBOX/{validity}/{uid}")).collect()
    }
    async fn edit(&self, _stream: Stream, ids: &[String]) {
        // All that can change of a mail is its flags.
        let flag = format!("${}", self.made.fetch_add(1, Ordering::Relaxed));
        for id in ids {
            let (folder, uid) = Self::folder_and_uid(id);
            match &self.mailbox {
                Mailbox::Real(server, user) => {
                    let uid = uid.to_string();
                    server.doveadm(&["flags", "add", "-u", user, &flag, "mailbox", folder, "uid", &uid]);
                }
                Mailbox::Fake(fake) => fake.inbox(|inbox| inbox.flag(uid, &flag)),
            }
        }
    }
    async fn delete(&self, _stream: Stream, id: &str) {
        let (folder, uid) = Self::folder_and_uid(id);
        match &self.mailbox {
            Mailbox::Real(server, user) => {
                server.doveadm(&["expunge", "-u", user, "mailbox", folder, "uid", &uid.to_string()]);
            }
            Mailbox::Fake(fake) => fake.inbox(|inbox| inbox.expunge(uid)),
        }
    }
    async fn link(&self) -> Option<Linked> {
        None
    }
    async fn write(&self, kind: WriteKind) -> Write {
        panic!("{kind}: nothing is written to a mailbox")
    }
    async fn disturb(&self, _write: &Write) {
        panic!("nothing is written to a mailbox")
    }
    async fn effects(&self, _write: &Write) -> usize {
        panic!("nothing is written to a mailbox")
    }
}

/// Ids of a user's messages outside drafts, junk and trash, by the server's own account.
pub fn real_ids(server: &Dovecot, user: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (folder, (validity, uids)) in server.listing(user) {
        if !["Drafts", "Junk", "Trash"].contains(&folder.as_str()) {
            let folder = folder.replace('/', "%2F");
            ids.extend(uids.into_iter().map(|uid| format!("{folder}/{validity}/{uid}")));
        }
    }
    ids
}

fn faults() -> Arc<Faults> {
    Arc::new(Faults::new(Echo, |_| false))
}

fn judged(report: &conformance::Report) {
    eprintln!("{report}");
    assert!(report.failed().is_empty(), "{:?}\n{report}", report.failed());
}

#[tokio::test]
async fn it_conforms_on_a_server_with_condstore_alone() {
    let report = Box::pin(conformance::run(async || {
        let (fake, faults) = (Fake::new("IMAP4rev1 CONDSTORE"), faults());
        let dial = Spoilt { inner: fake.clone(), faults: Arc::clone(&faults) };
        let rig = Rig::new("imap://127.0.0.1", dial, crate::kit::password("alice"), "{}");
        Suite { rig, faults, mailbox: Mailbox::Fake(fake), made: AtomicUsize::new(0) }
    }))
    .await;
    judged(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_a_real_dovecot() {
    let Some(server) = server(None) else { return };
    let users = AtomicUsize::new(0);
    let report = Box::pin(conformance::run(async || {
        let user = format!("user{}", users.fetch_add(1, Ordering::Relaxed));
        let faults = faults();
        let dial = Spoilt { inner: Tcp::new().unwrap(), faults: Arc::clone(&faults) };
        let rig = Rig::new(&server.base, dial, crate::kit::password(&user), "{}");
        Suite { rig, faults, mailbox: Mailbox::Real(&server, user), made: AtomicUsize::new(0) }
    }))
    .await;
    judged(&report);
}
