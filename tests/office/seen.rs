//! What the servers and the daemon's store say of the office: each thing that had to happen has happened, once.

use super::world::{FOLLOW_UPS, Office};
use model::{
    ConnectionId, EventKind, ExternalRef, Field, Id, Intent, Kind, Stage, WriteState,
    work::{Direction, SubjectView},
};
use std::time::Duration;
use store::{Store, WriteFilter, WriteRow};

/// A look at everything.
pub struct Seen<'a> {
    pub office: &'a Office,
    pub store: &'a dyn Store,
}

impl Seen<'_> {
    pub async fn writes(&self) -> Vec<WriteRow> {
        let mut rows = self.store.writes(&WriteFilter::default(), 1_000).await.unwrap();
        rows.sort_by_key(|row| row.row);
        rows
    }

    /// Writes of one kind into one connection.
    pub async fn writes_to(&self, connection: &str) -> Vec<WriteRow> {
        let rows = self.writes().await.into_iter();
        rows.filter(|row| row.write.target.connection.as_str() == connection).collect()
    }

    /// Writes that are not yet over.
    pub async fn moving(&self) -> Vec<WriteRow> {
        let open = ["proposed", "pending", "sending", "retry", "verify"];
        self.writes().await.into_iter().filter(|row| open.contains(&row.state.name())).collect()
    }

    /// The deal with everything around it, once it was read.
    pub async fn deal_if_known(&self) -> Option<SubjectView> {
        let reference =
            ExternalRef::new(&ConnectionId::from("crm"), Kind::Deal, self.office.crm.deal.as_str());
        let id: Id = self.store.find_ref(&reference).await.unwrap()?;
        self.store.subjects(&[id]).await.unwrap().pop()
    }

    pub async fn deal(&self) -> SubjectView {
        self.deal_if_known().await.expect("the deal was read")
    }

    /// Our task of an action that was written into the CRM, by the write that did it.
    pub async fn written(&self, action: &str) -> Vec<WriteRow> {
        let Some(deal) = self.deal_if_known().await else { return Vec::new() };
        let tasks: Vec<Id> =
            deal.tasks.iter().filter(|one| &*one.action == action).map(|one| one.id).collect();
        let rows = self.writes_to("crm").await.into_iter();
        rows.filter(
            |row| matches!(&row.write.intent, Intent::CreateTask { task, .. } if tasks.contains(task)),
        )
        .collect()
    }

    /// The deal has these mails and this meeting, and none is doubtful.
    pub async fn linked(&self, mails: &[&str]) {
        let deal = self.deal().await;
        let mut wanted: Vec<_> =
            mails.iter().map(|name| (Kind::Email, *name, Direction::Inbound, false)).collect();
        wanted.push((Kind::Meeting, "Demo for Prospect", Direction::Outbound, false));
        let name = |fields: &model::Fields| fields.text(Field::Name).unwrap_or_default().to_owned();
        let mut found: Vec<_> = deal
            .activities
            .iter()
            .map(|one| (one.kind, name(&one.fields), one.direction, one.ambiguous))
            .collect();
        found.sort();
        let mut wanted: Vec<_> =
            wanted.into_iter().map(|(kind, name, way, doubt)| (kind, name.to_owned(), way, doubt)).collect();
        wanted.sort();
        assert_eq!(found, wanted);
    }

    /// The task of an action stands in the CRM once, beside the deal, with its owner, and this agent has it.
    pub async fn in_the_crm_once(&self, action: &str, agent: &str) {
        let (rows, deal) = (self.written(action).await, self.deal().await);
        let [row] = &rows[..] else { panic!("{action}: {rows:?}; {:#?}", deal.tasks) };
        assert_eq!(row.state, WriteState::Done, "{action}: {:?}", row.note);
        let crm = &self.office.crm;
        let made = crm.made_with(&row.write.key.to_string()).await;
        let [made] = &made[..] else { panic!("{action} was made {} times", made.len()) };
        assert!(crm.is_the_owners(made), "{action} is {}'s, beside {}", made.owner, made.deal);
        let ours: Vec<_> = deal.tasks.iter().filter(|task| &*task.action == action).collect();
        let [ours] = ours[..] else { panic!("{action}: {ours:?}") };
        assert_eq!(ours.holder.as_ref().map(model::AgentId::as_str), Some(agent), "{action}");
        assert_eq!(ours.reference.as_ref().map(|one| &*one.id), Some(made.id.as_str()), "{action}");
    }

    /// Nothing but what was decided stands in the CRM, and each of it once.
    pub async fn nothing_twice(&self) {
        let rows = self.writes_to("crm").await;
        let tasks: Vec<_> =
            rows.iter().filter(|row| matches!(row.write.intent, Intent::CreateTask { .. })).collect();
        for row in &tasks {
            let made = self.office.crm.made_with(&row.write.key.to_string()).await;
            assert_eq!(made.len(), 1, "{row:?}");
        }
        let all = self.office.crm.made().await;
        assert!(all >= 5, "only {all} tasks");
        assert_eq!(all, tasks.len(), "{rows:#?}");
    }

    /// Half an hour is kept free before each of these tasks is due, and nothing else stands in that calendar.
    pub async fn kept_free_once(&self, tasks: &[(&str, &str)]) {
        let (deal, found) = (self.deal().await, self.office.follow_ups());
        assert_eq!(found.len(), tasks.len(), "{found:?}");
        for (action, title) in tasks {
            let due =
                deal.tasks.iter().find(|task| &*task.action == *action).and_then(|task| task.due).unwrap();
            let start = (due - Duration::from_mins(30)).to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
            let fits = |event: &&[String; 3]| event[1] == start && event[2].contains(title);
            assert_eq!(found.iter().filter(fits).count(), 1, "{action} at {start}: {found:?}");
        }
        // What was kept free before the meeting was known was moved, or taken back before it was sent.
        let mut rows = self.writes_to("office").await;
        rows.retain(|row| !matches!(row.state, WriteState::Skipped { .. }));
        let made = rows.iter().filter(|row| matches!(row.write.intent, Intent::CreateEvent { .. })).count();
        assert!(made == tasks.len() && rows.iter().all(|row| row.state == WriteState::Done), "{rows:#?}");
        assert!(found.iter().all(|[id, ..]| id.starts_with(FOLLOW_UPS)), "{found:?}");
    }

    /// It was advised once to go on to the proposal, and nobody did so.
    pub async fn advised_once(&self) {
        let deal = self.deal().await;
        let history = self.store.history(deal.record, 1_000).await.unwrap();
        let advice: Vec<_> = history
            .into_iter()
            .filter_map(|(_, event)| match event.kind {
                EventKind::TransitionSuggested { from, to, .. } => Some((from, to)),
                _ => None,
            })
            .collect();
        assert_eq!(advice, [(Stage::Demonstration, Stage::Proposal)]);
        assert!(self.office.crm.is_where_it_was().await);
        self.in_the_crm_once("ADVANCE_STAGE", "WAKE.LSHSALES").await;
    }

    /// One mail to this address lies in the sink, and the outbox says this of it.
    pub async fn told_once(&self, to: &str, state: &WriteState) {
        let (mails, rows) = (self.office.sink.mails(), self.writes_to("out").await);
        assert!(mails.len() == 1 && rows.len() == 1, "{mails:#?} {rows:#?}");
        assert_eq!((&mails[0]["to"], &rows[0].state), (&serde_json::json!([to]), state));
        let text = mails[0].to_string();
        assert!(text.contains("Fifty seats") && text.contains("proposal"), "{text}");
    }
}
