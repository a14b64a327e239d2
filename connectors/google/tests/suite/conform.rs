//! The sandbox as the suite's rig, with its quotas and tokens that expire.

use crate::desk::{ANN, Desk, HOUR, letter};
use async_trait::async_trait;
use connect::{
    Clock, Connector, Cx,
    conformance::{Faults, Linked, Rig, run},
};
use model::{ExternalRef, Field, Intent, Kind, Stream, Timestamp, Value, Write, WriteKey, WriteKind};
use sandbox::google::{Booking, MailShot, What};
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

struct Suite {
    desk: Desk,
    made: AtomicUsize,
}

#[tokio::test]
async fn the_connector_passes_the_suite() {
    let report = Box::pin(run(async || Suite { desk: Desk::new(), made: AtomicUsize::new(0) })).await;
    eprintln!("{report}");
    assert_eq!(report.failed(), Vec::<&str>::new(), "\n{report}");
    let skipped = report.0.iter().filter(|(_, f)| matches!(f, connect::conformance::Finding::Skipped(_)));
    assert_eq!(skipped.count(), 0, "\n{report}");
}

impl Suite {
    fn one(&self, stream: Stream) -> String {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        let people = self.desk.people();
        if stream == Kind::Email {
            return people.mail(ANN, &letter(n), &["INBOX"]);
        }
        let start = self.desk.clock.0.now() + 24 * HOUR;
        let booking = Booking { summary: format!("Call {n}"), start, minutes: 30, ..Booking::default() };
        format!("{ANN}/{}", people.book(ANN, ANN, &booking))
    }

    fn start(&self, id: &str) -> i64 {
        self.desk.people().events(ANN).iter().find(|event| format!("{ANN}/{}", event.id) == id).unwrap().start
    }
}

fn event(id: &str) -> &str {
    id.rsplit_once('/').unwrap().1
}

#[async_trait]
impl Rig for Suite {
    fn connector(&self) -> Arc<dyn Connector> {
        self.desk.made()
    }
    fn faults(&self) -> &Faults {
        &self.desk.faults
    }
    fn cx(&self) -> Cx<'_> {
        self.desk.cx()
    }
    fn secrets(&self) -> Vec<String> {
        ["ya29.", "1//sandbox", "sandbox-secret", "an-old-token"].map(str::to_owned).into()
    }
    async fn advance(&self, by: Duration) {
        self.desk.clock.0.advance(i64::try_from(by.as_millis()).unwrap());
    }
    async fn ids(&self, stream: Stream) -> BTreeSet<String> {
        let people = self.desk.people();
        if stream == Kind::Email {
            return people.mails(ANN).into_iter().filter(MailShot::counts).map(|mail| mail.id).collect();
        }
        let living = people.events(ANN).into_iter().filter(|event| !event.cancelled);
        living.map(|event| format!("{}/{}", event.calendar, event.id)).collect()
    }
    async fn create(&self, stream: Stream, count: usize) -> Vec<String> {
        (0..count).map(|_| self.one(stream)).collect()
    }
    async fn edit(&self, stream: Stream, ids: &[String]) {
        let (people, n) = (self.desk.people(), self.made.fetch_add(1, Ordering::Relaxed));
        for id in ids {
            if stream == Kind::Email {
                // All that can be done to a mail: it leaves and comes back.
                assert!(people.label(ANN, id, &["TRASH"], &["INBOX"]));
                assert!(people.label(ANN, id, &["INBOX"], &["TRASH"]));
            } else {
                let patch = json!({"summary": format!("Edited {n}")});
                assert!(people.edit_event(ANN, ANN, event(id), &patch));
            }
        }
    }
    async fn delete(&self, stream: Stream, id: &str) {
        let people = self.desk.people();
        let done = if stream == Kind::Email {
            people.delete_mail(ANN, id)
        } else {
            people.cancel_event(ANN, ANN, event(id))
        };
        assert!(done);
    }
    async fn link(&self) -> Option<Linked> {
        None
    }
    async fn write(&self, kind: WriteKind) -> Write {
        let now = self.desk.clock.now();
        let (start, end) = (now + Duration::from_hours(48), now + Duration::from_hours(49));
        let (id, intent, expects) = if kind == WriteKind::MoveEvent {
            let id = self.one(Kind::Meeting);
            let was = Timestamp::from_millis(self.start(&id));
            (id, Intent::MoveEvent { start, end }, vec![(Field::At, Value::Time(was))])
        } else {
            let (subject, body) = ("Follow <up>".to_owned(), "With \"them\"\n& us".to_owned());
            (ANN.to_owned(), Intent::CreateEvent { subject, body, start, end }, Vec::new())
        };
        let target = ExternalRef::new(&self.desk.connection, Kind::Meeting, id.as_str());
        let n = self.made.fetch_add(1, Ordering::Relaxed).to_string();
        let key = WriteKey::new(&self.desk.connection, kind, &target, "conformance", &n, 0);
        Write { key, target, intent, expects, because: "the suite says so".to_owned() }
    }
    async fn disturb(&self, write: &Write) {
        let at = |ms: i64| json!({"dateTime": sandbox::clock::iso(ms)});
        let start = self.start(&write.target.id) + 3 * HOUR;
        let patch = json!({"start": at(start), "end": at(start + HOUR)});
        assert!(self.desk.people().edit_event(ANN, ANN, event(&write.target.id), &patch));
    }
    async fn effects(&self, write: &Write) -> usize {
        if let Intent::MoveEvent { start, .. } = &write.intent {
            return usize::from(self.start(&write.target.id) == start.as_millis() / 1_000 * 1_000);
        }
        let key = write.key.to_string();
        let deeds = self.desk.people().deeds();
        deeds.iter().filter(|deed| deed.what == What::EventInserted && deed.text.contains(&key)).count()
    }
}
