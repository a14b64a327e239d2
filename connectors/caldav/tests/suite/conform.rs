//! The suite that every connector must pass, on a real Radicale. What it does behind the connector's back is plain HTTP.

use crate::kit::{Kit, event, next, object, server};
use async_trait::async_trait;
use connect::{
    Clock, Connector, Cx,
    conformance::{Faults, Linked, Rig, run},
};
use model::{Field, Id, Intent, Kind, Stream, Timestamp, Value, Write, WriteKind};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const START: &str = "2026-12-01T10:00:00Z";

struct Real<'a>(Kit<'a>);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn text(stream: Stream, uid: &str, title: &str) -> String {
    match stream {
        Kind::Task => {
            object("VTODO", uid, &format!("DUE:20261201T100000Z|SUMMARY:{title}|STATUS:NEEDS-ACTION"))
        }
        _ => event(uid, &format!("DTSTART:20261201T100000Z|DTEND:20261201T110000Z|SUMMARY:{title}")),
    }
}

#[async_trait]
impl Rig for Real<'_> {
    fn connector(&self) -> Arc<dyn Connector> {
        self.0.connector()
    }
    fn faults(&self) -> &Faults {
        &self.0.faults
    }
    fn cx(&self) -> Cx<'_> {
        self.0.cx()
    }
    fn secrets(&self) -> Vec<String> {
        vec!["YW5uYTpzZWNyZXQ=".to_owned()]
    }
    async fn advance(&self, by: Duration) {
        self.0.clock.sleep_until(self.0.clock.now() + by).await;
    }
    async fn ids(&self, stream: Stream) -> BTreeSet<String> {
        // The names that `create` and the connector's own writes give say what an object is.
        let kind = if stream == Kind::Task { "VTODO" } else { "VEVENT" };
        let query = format!(
            "<C:calendar-query xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><prop><getetag/></prop><C:filter>\
             <C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"{kind}\"/></C:comp-filter></C:filter></C:calendar-query>"
        );
        let (status, body) = self.0.server.ask("REPORT", &self.0.calendar, &query).await;
        assert_eq!(status, 207);
        body.split("<href>")
            .skip(1)
            .filter_map(|rest| rest.split("</href>").next())
            .map(str::to_owned)
            .collect()
    }
    async fn create(&self, stream: Stream, count: usize) -> Vec<String> {
        let mut made = Vec::new();
        for _ in 0..count {
            let uid = format!("e{}", next());
            let path = format!("{}{uid}.ics", self.0.calendar);
            self.0.server.put(&path, &text(stream, &uid, "made")).await;
            made.push(path);
        }
        made
    }
    async fn edit(&self, stream: Stream, ids: &[String]) {
        for id in ids {
            let uid = id.rsplit('/').next().unwrap().trim_end_matches(".ics");
            self.0.server.put(id, &text(stream, uid, &format!("edited {}", next()))).await;
        }
    }
    async fn delete(&self, _stream: Stream, id: &str) {
        self.0.server.delete(id).await;
    }
    async fn link(&self) -> Option<Linked> {
        None
    }
    async fn write(&self, kind: WriteKind) -> Write {
        let calendar = self.0.reference(Kind::Meeting, &self.0.calendar);
        let (subject, body) = ("Follow up".to_owned(), "Ask; then, write.".to_owned());
        let named = vec![(Field::Name, Value::Text("made".into()))];
        match kind {
            WriteKind::CreateEvent => {
                let intent =
                    Intent::CreateEvent { subject, body, start: at(START), end: at("2026-12-01T11:00:00Z") };
                self.0.write(calendar, intent, Vec::new())
            }
            WriteKind::CreateTask => {
                let task = Id::derived(&["t"]);
                let intent =
                    Intent::CreateTask { task, subject, body, due: at(START), owner: None, high: true };
                self.0.write(calendar, intent, Vec::new())
            }
            WriteKind::MoveEvent => {
                let id = self.create(Kind::Meeting, 1).await.remove(0);
                let (start, end) = (at("2026-12-02T09:00:00Z"), at("2026-12-02T09:30:00Z"));
                self.0.write(self.0.reference(Kind::Meeting, &id), Intent::MoveEvent { start, end }, named)
            }
            _ => {
                let id = self.create(Kind::Task, 1).await.remove(0);
                let intent = Intent::CompleteTask { task: Id::derived(&["t"]) };
                self.0.write(self.0.reference(Kind::Task, &id), intent, named)
            }
        }
    }
    async fn disturb(&self, write: &Write) {
        self.edit(write.target.kind, &[write.target.id.to_string()]).await;
    }
    async fn effects(&self, write: &Write) -> usize {
        match &write.intent {
            Intent::CreateEvent { .. } | Intent::CreateTask { .. } => {
                let (_, all) = self.0.server.ask("GET", &self.0.calendar, "").await;
                all.matches(&format!("UID:so-{}@", write.key)).count()
            }
            Intent::MoveEvent { .. } => {
                let (_, now) = self.0.server.ask("GET", &write.target.id, "").await;
                usize::from(
                    now.contains("DTSTART:20261202T090000Z") && now.contains("DTEND:20261202T093000Z"),
                )
            }
            _ => usize::from(
                self.0.server.ask("GET", &write.target.id, "").await.1.contains("STATUS:COMPLETED"),
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_conforms_on_a_real_radicale() {
    let Some(server) = server(3_600) else { return };
    let report = run(async || Real(Kit::new(&server).await)).await;
    eprintln!("{report}");
    assert!(report.failed().is_empty(), "{report}");
}
