//! The work role: the dirty queue and the trait; decisions are in their own modules.

use super::{
    SqliteStore, assign, board, bump, connection::Durable, events, fail::Outcome, kinds, leases, load,
    progress, recall, subject, task,
};
use crate::{Actor, Error, Held, Placing, Progressed, TaskFilter, Work};
use async_trait::async_trait;
use model::{
    AgentId, Id, Timestamp,
    work::{Assignment, Backlog, Board, QueuePlace, Scene, SubjectView, Task, TaskKind, TaskState},
};
use rusqlite::Connection;
use std::{collections::HashMap, sync::Arc};

/// Marks a deal or contact to be looked at; anything else has no progress.
pub(super) fn mark(db: &Connection, id: Id) -> Outcome<()> {
    mark_each(db, std::iter::once(id))
}

/// Marks several, in their order.
pub(super) fn mark_each(db: &Connection, ids: impl Iterator<Item = Id>) -> Outcome<()> {
    let ids: Vec<Id> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }
    let count = super::most(ids.len());
    let before = bump(db, "mark", count)? - count;
    let mut statement = db.prepare_cached(
        "INSERT INTO dirty (record, since, mark) SELECT ?1, ?2, ?2
         WHERE EXISTS (SELECT 1 FROM contacts WHERE id = ?1) OR EXISTS (SELECT 1 FROM deals WHERE id = ?1)
         ON CONFLICT (record) DO UPDATE SET mark = excluded.mark",
    )?;
    for (mark, id) in (before + 1..).zip(ids) {
        statement.execute((id.to_string(), mark))?;
    }
    Ok(())
}

fn mark_all(db: &Connection) -> Outcome<u64> {
    let mark = bump(db, "mark", 1)?;
    let sql = "INSERT INTO dirty (record, since, mark)
         SELECT d.id, ?1, ?1 FROM deals AS d
         WHERE (d.gone IS NULL AND coalesce(d.outcome, 'open') = 'open')
            OR EXISTS (SELECT 1 FROM tasks AS t WHERE t.record = d.id AND t.ended_at IS NULL)
         UNION ALL
         SELECT c.id, ?1, ?1 FROM contacts AS c
         WHERE (c.gone IS NULL AND c.lead_status IS NOT NULL)
            OR EXISTS (SELECT 1 FROM tasks AS t WHERE t.record = c.id AND t.ended_at IS NULL)
         ON CONFLICT (record) DO UPDATE SET mark = excluded.mark";
    Ok(db.execute(sql, [mark])? as u64)
}

/// Marks what is due and forgets it; the next time of the others.
fn wake_due(db: &Connection, now: Timestamp) -> Outcome<Option<Timestamp>> {
    let mut due = db.prepare_cached("DELETE FROM looks WHERE at <= ?1 RETURNING record")?;
    let mut rows = due.query([now.as_millis()])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(super::id(row, 0)?);
    }
    // The order in which rows are deleted is nobody's promise.
    ids.sort_unstable();
    mark_each(db, ids.into_iter())?;
    let mut next = db.prepare_cached("SELECT min(at) FROM looks")?;
    let next: Option<i64> = next.query_row([], |row| row.get(0))?;
    Ok(next.map(Timestamp::from_millis))
}

fn dirty(db: &Connection, most: usize) -> Outcome<Vec<(SubjectView, i64)>> {
    let mut statement =
        db.prepare_cached("SELECT record, mark FROM dirty ORDER BY since, record LIMIT ?1")?;
    let mut rows = statement.query([super::most(most)])?;
    let mut marks = HashMap::new();
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        let id = super::id(row, 0)?;
        marks.insert(id, row.get(1)?);
        ids.push(id);
    }
    let views = subject::views(db, &ids)?;
    Ok(views.into_iter().filter_map(|view| marks.get(&view.record).map(|mark| (view, *mark))).collect())
}

fn task_with_decisions(db: &Connection, id: Id) -> Outcome<Option<(Task, Vec<Assignment>)>> {
    let Some(task) = task::load(db, id)? else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT body FROM assignments WHERE task = ?1 ORDER BY id DESC")?;
    let bodies = statement.query_map([id.to_string()], |row| row.get::<_, String>(0))?;
    let decisions = bodies.map(|body| Ok(serde_json::from_str(&body?)?)).collect::<Outcome<_>>()?;
    Ok(Some((task, decisions)))
}

fn tasks(db: &Connection, filter: &TaskFilter, most: usize) -> Outcome<Vec<Task>> {
    /// Where a task stands in the list; what has no due date comes last.
    const PLACE: &str = "due IS NULL, ifnull(due, 0), rank, id";
    // Only the conditions that are asked for, so that each way of asking finds its index.
    let mut conditions = Vec::new();
    conditions.extend(filter.record.map(|_| "record = ?1".to_owned()));
    conditions.extend(filter.agent.as_ref().map(|_| "holder = ?2".to_owned()));
    let open = |state: &str| if state == TaskState::OPEN { "ended_at IS NULL" } else { "state = ?3" };
    conditions.extend(filter.state.as_deref().map(|state| open(state).to_owned()));
    let after = || format!("({PLACE}) > (SELECT {PLACE} FROM tasks WHERE id = ?4)");
    conditions.extend(filter.after.map(|_| after()));
    let conditions = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let sql = format!(
        "SELECT {} FROM tasks WHERE {conditions} AND (TRUE OR ?1 OR ?2 OR ?3 OR ?4)
         ORDER BY {PLACE} LIMIT ?5",
        task::COLUMNS
    );
    let mut statement = db.prepare_cached(&sql)?;
    let parameters = (
        filter.record.map(|id| id.to_string()),
        filter.agent.as_ref().map(AgentId::as_str),
        filter.state.as_deref(),
        filter.after.map(|id| id.to_string()),
        super::most(most),
    );
    statement.query_and_then(parameters, task::parse)?.collect()
}

fn pause_agent(db: &Connection, actor: &Actor, agent: &AgentId, paused: bool, now: Timestamp) -> Outcome<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO agents (agent, paused) VALUES (?1, ?2)
         ON CONFLICT (agent) DO UPDATE SET paused = excluded.paused,
           resumed = CASE WHEN paused = 1 AND excluded.paused = 0 THEN ?3 ELSE resumed END
         WHERE paused <> excluded.paused",
    )?;
    if statement.execute((agent.as_str(), paused, now.as_millis()))? == 0 {
        return Ok(());
    }
    bump(db, "board", 1)?;
    load::changed(db, agent)?;
    let what = if paused { "paused" } else { "works again" };
    events::notice(db, &actor.0, format!("agent {agent} {what}"), now)
}

#[async_trait]
impl Work for SqliteStore {
    async fn dirty(&self, most: usize) -> Result<Vec<(SubjectView, i64)>, Error> {
        self.database.read("read what moved", move |db| dirty(db, most)).await
    }

    async fn commit_progress(
        &self,
        held: &Held,
        progressed: Progressed,
        now: Timestamp,
    ) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            progress::commit(db, &progressed, now)
        };
        // Nothing of it reaches the world before a claim, which makes all commits before it durable.
        self.database.write("commit progress", Durable::Normal, job).await
    }

    async fn wake_due(&self, held: &Held, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            wake_due(db, now)
        };
        self.database.write("wake what is due", Durable::Normal, job).await
    }

    async fn board(&self, most: usize, week_start: Timestamp) -> Result<Board, Error> {
        let roster = Arc::clone(&self.roster);
        let job = move |db: &Connection| board::board(db, most, week_start, &roster);
        self.database.read("read the board", job).await
    }

    async fn standing(&self, week_start: Timestamp) -> Result<(Board, Vec<TaskKind>), Error> {
        let roster = Arc::clone(&self.roster);
        let job = move |db: &Connection| Ok((board::standing(db, week_start, &roster)?, kinds::waiting(db)?));
        self.database.read("read what agents carry", job).await
    }

    async fn backlog(&self, since: Timestamp) -> Result<Vec<Backlog>, Error> {
        self.database.read("count what waits", move |db| kinds::backlog(db, since)).await
    }

    async fn board_of(
        &self,
        kinds: Vec<TaskKind>,
        after: Option<QueuePlace>,
        most: usize,
        week_start: Timestamp,
    ) -> Result<(Board, Option<QueuePlace>), Error> {
        let roster = Arc::clone(&self.roster);
        let job = move |db: &Connection| {
            let (ids, next) = kinds::best(db, &kinds, after, most)?;
            Ok((board::of(db, &ids, week_start, &roster)?, next))
        };
        self.database.read("read the board", job).await
    }

    async fn commit_assignments(&self, held: &Held, placing: Placing, now: Timestamp) -> Result<(), Error> {
        let (held, carried) = (held.copy(), Arc::clone(&self.carried));
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            assign::commit(db, placing.on.revision, &placing, &carried, now)
        };
        // As above: a power cut may undo the decision, never only a part of it, and nobody heard of it yet.
        self.database.write("commit assignments", Durable::Normal, job).await
    }

    async fn task(&self, id: Id) -> Result<Option<(Task, Vec<Assignment>)>, Error> {
        self.database.read("read a task", move |db| task_with_decisions(db, id)).await
    }

    async fn scenes(&self, task: Id) -> Result<Vec<Option<Scene>>, Error> {
        self.database.read("read what decisions rested on", move |db| recall::scenes(db, task)).await
    }

    async fn tasks(&self, filter: &TaskFilter, most: usize) -> Result<Vec<Task>, Error> {
        let filter = filter.clone();
        self.database.read("list tasks", move |db| tasks(db, &filter, most)).await
    }

    async fn subjects(&self, ids: &[Id]) -> Result<Vec<SubjectView>, Error> {
        let ids = ids.to_vec();
        self.database.read("read subjects", move |db| subject::views(db, &ids)).await
    }

    async fn pause_agent(
        &self,
        actor: &Actor,
        agent: &AgentId,
        paused: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (actor, agent) = (actor.clone(), agent.clone());
        let job = move |db: &Connection| pause_agent(db, &actor, &agent, paused, now);
        self.database.write("pause an agent", Durable::Full, job).await
    }

    async fn mark_all_dirty(&self, held: &Held) -> Result<u64, Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            mark_all(db)
        };
        self.database.write("mark everything", Durable::Normal, job).await
    }
}
