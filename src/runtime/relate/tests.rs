//! From what sources show to what a deal shows, through the store.

use super::*;
use crate::{clock::SystemClock, daemon::Daemon, ingest, rules::Config, settings::Settings};
use bytes::Bytes;
use model::{
    Change, ConnectionId, EventKind, ExternalRef, Field, Fields, Kind, Links, Observed, Target, Timestamp,
    Value, Version,
    work::{ActivityBrief, Direction},
};
use std::path::Path;
use store::{
    Store,
    sqlite::{Exec, SqliteStore},
};

const NOW: Timestamp = Timestamp::from_millis(1_763_971_200_000);

/// A daemon without connections: what they would show is told by hand.
struct World {
    daemon: Daemon,
    store: Arc<dyn Store>,
    relate: Relate,
}

impl World {
    async fn new(settings: &str) -> Self {
        Self::on(Arc::new(SqliteStore::memory().unwrap()), settings).await
    }

    async fn on(store: Arc<dyn Store>, settings: &str) -> Self {
        let loaded = engine::config::load(None, None).unwrap();
        let settings = Settings::read(Path::new("test.toml"), settings).unwrap();
        let config = Config { settings, roster: loaded.roster, book: loaded.book };
        let clock = Arc::new(SystemClock);
        let daemon = Daemon::start(store.clone(), clock, config, Vec::new(), 1).await.unwrap();
        let relate = daemon.cycles().relate;
        Self { daemon, store, relate }
    }

    /// A page of one stream comes in, and whatever follows from it for mails and meetings is worked out.
    async fn shown(&mut self, page: Vec<Observed>) {
        let first = page[0].reference.clone();
        let changes = page.into_iter().map(Change::Seen).collect();
        ingest::take(&self.daemon.shared, &first.connection, first.kind, changes, Vec::new()).await.unwrap();
        if first.kind == Kind::Owner {
            crate::rules::refresh(&self.daemon.shared, None).await.unwrap();
        }
        assert!(self.daemon.shared.nudges.relate.take());
        while self.relate.turn().await.unwrap() == Turn::Again {}
    }

    async fn activities(&self, of: &str) -> Vec<ActivityBrief> {
        let id = self.store.find_ref(&reference(of)).await.unwrap().unwrap();
        self.store.subjects(&[id]).await.unwrap().remove(0).activities
    }

    async fn dirty(&self) -> usize {
        self.store.dirty(100).await.unwrap().len()
    }
}

/// `crm/deal:1`.
fn reference(name: &str) -> ExternalRef {
    let (connection, rest) = name.split_once('/').unwrap();
    let (kind, id) = rest.split_once(':').unwrap();
    ExternalRef::new(&ConnectionId::from(connection), kind.parse().unwrap(), id)
}

fn record(name: &str, fields: &[(Field, Value)], linked: &[(Kind, &str)]) -> Observed {
    let fields: Fields = fields.iter().cloned().collect();
    let links = linked
        .iter()
        .map(|(to, id)| Links { to: *to, targets: vec![Target { id: (*id).into(), primary: false }] });
    Observed {
        reference: reference(name),
        version: Version::At(NOW),
        modified: NOW,
        marker: None,
        fields,
        links: links.collect(),
        raw: Bytes::from_static(b"{}"),
    }
}

fn text(text: &str) -> Value {
    Value::text(Some(text))
}

fn ann() -> Observed {
    record("crm/contact:4", &[(Field::Email, text("Ann@Acme.com")), (Field::LeadStatus, text("NEW"))], &[])
}

fn deal() -> Observed {
    let fields = [(Field::Name, text("Deal")), (Field::CreatedAt, Value::Time(NOW))];
    record("crm/deal:1", &fields, &[(Kind::Contact, "4")])
}

fn mail(name: &str, id: &str, of: &[(Field, Value)]) -> Observed {
    let mut mail = record(name, of, &[]);
    for (field, value) in [
        (Field::Sender, text("ann@acme.com")),
        (Field::Recipients, Value::list(["olga@ours.example"])),
        (Field::MessageId, text(id)),
        (Field::At, Value::Time(NOW)),
    ] {
        if mail.fields.get(field).is_none() {
            mail.fields.set(field, value);
        }
    }
    mail
}

const OURS: &str = "[matching]\nown_domains = [\"ours.example\"]\n";

#[tokio::test]
async fn a_mail_finds_its_deal_and_the_deal_is_looked_at() {
    let mut world = World::new(OURS).await;
    world.shown(vec![ann()]).await;
    world.shown(vec![deal()]).await;
    assert_eq!(world.dirty().await, 2);
    // when she writes, seen in two mailboxes
    world.shown(vec![mail("anna/email:1", "<m1>", &[])]).await;
    world.shown(vec![mail("ben/email:1", "m1", &[])]).await;
    // then deal and lead show one mail, from two places
    for subject in ["crm/deal:1", "crm/contact:4"] {
        let shown = world.activities(subject).await;
        assert_eq!(shown.len(), 1, "{subject}");
        assert_eq!((shown[0].direction, shown[0].ambiguous), (Direction::Inbound, false));
        assert_eq!(shown[0].fields.text(Field::LinkedBy), Some("contact"));
        assert_eq!(shown[0].references.len(), 2);
    }
    // and one of our answers follows the conversation, whoever it goes to
    let answer = [
        (Field::Sender, text("olga@ours.example")),
        (Field::Recipients, Value::list(["stranger@beta.example"])),
        (Field::References, Value::list(["m1"])),
    ];
    world.shown(vec![mail("anna/email:2", "m2", &answer)]).await;
    let shown = world.activities("crm/deal:1").await;
    let answer = shown.iter().find(|one| one.fields.text(Field::MessageId) == Some("m2")).unwrap();
    assert_eq!(answer.direction, Direction::Outbound);
    assert_eq!(answer.fields.text(Field::LinkedBy), Some("thread"));
}

#[tokio::test]
async fn a_contact_that_appears_later_gets_its_history() {
    let mut world = World::new(OURS).await;
    let mails = (0..250).map(|number| mail(&format!("anna/email:{number}"), &format!("m{number}"), &[]));
    world.shown(mails.collect()).await;
    world.shown(vec![ann()]).await;
    assert_eq!(world.activities("crm/contact:4").await.len(), 50, "as many as are shown");
    // and so does a deal
    world.shown(vec![deal()]).await;
    assert_eq!(world.activities("crm/deal:1").await.len(), 50);
    // and both lose it to nobody when she turns out to have another address
    let mut other = record("crm/contact:4", &[(Field::Email, text("ann@beta.example"))], &[]);
    other.version = Version::Tag("2".into());
    other.modified = NOW + std::time::Duration::from_secs(9);
    world.shown(vec![other]).await;
    assert_eq!(world.activities("crm/contact:4").await.len(), 0);
    assert_eq!(world.activities("crm/deal:1").await.len(), 0);
}

#[tokio::test]
async fn who_is_ours_is_learnt_from_the_crms_users_for_the_past_too() {
    let mut world = World::new("").await;
    world.shown(vec![ann()]).await;
    let ours = [(Field::Sender, text("rep@gmail.com")), (Field::Recipients, Value::list(["ann@acme.com"]))];
    world.shown(vec![mail("anna/email:1", "m1", &ours)]).await;
    assert_eq!(world.activities("crm/contact:4").await[0].direction, Direction::Inbound);
    world.shown(vec![record("crm/owner:7", &[(Field::Email, text("Rep@Gmail.com"))], &[])]).await;
    assert_eq!(world.activities("crm/contact:4").await[0].direction, Direction::Outbound);
}

#[tokio::test]
async fn a_bounce_is_told_of_the_contact_once() {
    let mut world = World::new(OURS).await;
    world.shown(vec![ann()]).await;
    let bounce = [
        (Field::Sender, text("mailer-daemon@mx.example")),
        (Field::Automatic, text("bounce")),
        (Field::Failed, Value::list(["ann@acme.com"])),
    ];
    world.shown(vec![mail("anna/email:1", "b1", &bounce)]).await;
    world.shown(vec![mail("ben/email:9", "b1", &bounce)]).await;
    let ann = world.store.find_ref(&reference("crm/contact:4")).await.unwrap().unwrap();
    let history = world.store.history(ann, 100).await.unwrap();
    let bounced = history.iter().filter(|(_, event)| matches!(event.kind, EventKind::Bounced { .. }));
    assert_eq!(bounced.count(), 1);
}

#[tokio::test]
async fn of_a_mails_content_and_of_ignored_people_nothing_reaches_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let store = Arc::new(SqliteStore::open(&file, Exec::Thread).unwrap());
    let mut world = World::on(store.clone(), "[mail]\nignore = [\"doctor.example\"]\n").await;
    let long = format!("{}HIDDEN-TAIL", "x".repeat(200));
    let content = [(Field::Content, text("HIDDEN-CONTENT")), (Field::Body, text(&long))];
    let mut first = mail("anna/email:1", "shown-id", &content);
    first.raw = Bytes::from_static(b"HIDDEN-RAW");
    let private = [(Field::Sender, text("hidden-sender@doctor.example")), (Field::Name, text("HIDDEN-NAME"))];
    world.shown(vec![first, mail("anna/email:2", "hidden-id", &private)]).await;
    let mut bytes = Vec::new();
    for name in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(name.unwrap().path()).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()));
    assert!(holds("shown-id"), "what is kept is there");
    for hidden in ["HIDDEN-CONTENT", "HIDDEN-TAIL", "HIDDEN-RAW", "hidden-sender", "HIDDEN-NAME", "hidden-id"]
    {
        assert!(!holds(hidden), "{hidden}");
    }
}
