//! How many statements things take: pages and batches are stored and read as such, not record by record.

use super::*;
use crate::{Coordination, Relations, Talk, Work};
use model::{
    Canonical, ExternalRef, Field, Fields, Id, Key, Kind, MatchKey, RecordRow, SourceRow, Value, Version,
    work::{ActivityLink, Direction, Related, Standing, TaskKind},
};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use std::cell::Cell;

thread_local! {
    /// (SELECT, other) statements run on this thread since the last look.
    static RUN: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// A store in memory whose statements are counted.
async fn counted() -> SqliteStore {
    let store = SqliteStore::memory().unwrap();
    let count = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(_, sql) = event {
            let (reads, writes) = RUN.get();
            let read = sql.trim_start().starts_with("SELECT");
            RUN.set(if read { (reads + 1, writes) } else { (reads, writes + 1) });
        }
    };
    let trace = move |writer: &mut connection::Writer| {
        writer.connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(count))?;
        Ok(())
    };
    store.database.writer("count statements", trace).await.unwrap();
    store
}

thread_local! {
    /// Texts of the statements run on this thread.
    static TEXTS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// The plans of every reading statement that `run` runs.
async fn plans(store: &SqliteStore, run: impl Future<Output = ()>) -> Vec<(String, String)> {
    let note = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(_, sql) = event {
            TEXTS.with_borrow_mut(|texts| texts.push(sql.to_owned()));
        }
    };
    let trace = move |writer: &mut connection::Writer| {
        writer.connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note))?;
        Ok(())
    };
    store.database.writer("note statements", trace).await.unwrap();
    run.await;
    let texts = TEXTS.take();
    let explain = move |writer: &mut connection::Writer| {
        let mut plans = Vec::new();
        for text in texts.into_iter().filter(|text| text.trim_start().starts_with("SELECT")) {
            let mut plan = writer.connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
            let mut rows = plan.raw_query();
            let mut lines = String::new();
            while let Some(row) = rows.next()? {
                lines += &row.get::<_, String>(3)?;
                lines.push('\n');
            }
            drop(rows);
            plans.push((text, lines));
        }
        Ok(plans)
    };
    store.database.writer("explain statements", explain).await.unwrap()
}

#[tokio::test]
async fn what_is_read_in_every_turn_finds_its_index_however_long_the_queue_is() {
    let store = counted().await;
    store.acquire("daemon", NOW).await.unwrap();
    let kind = TaskKind { capability: "discovery_call".into(), unit: None };
    // when the cycles look for work, and an agent does
    let plans = plans(&store, async {
        store.agenda(NOW, 10).await.unwrap();
        store.standing(NOW).await.unwrap();
        store.backlog(NOW).await.unwrap();
        store.board_of(vec![kind], None, 10, NOW).await.unwrap();
        store.next_task(&"ANNA".into()).await.unwrap();
    })
    .await;
    // then no statement goes through all tasks, nor all of a state (an index of its own may be read as a whole)
    assert!(plans.len() > 15, "{}", plans.len());
    for (text, plan) in plans {
        let whole = |line: &str| ["SCAN tasks", "SCAN t"].contains(&line) || line.contains("tasks_state");
        assert!(!plan.lines().any(whole), "{text}\n{plan}");
    }
}

/// Mails of ten people in ten conversations, each with all that a mailbox says.
fn mails(numbers: std::ops::Range<u32>) -> Intake {
    let mut page = Intake::default();
    for number in numbers {
        let person = number % 10;
        let fields: Fields = [
            (Field::Name, Value::text(Some("Offer"))),
            (Field::At, Value::Time(Timestamp::from_millis(i64::from(number)))),
            (Field::Sender, Value::text(Some(&format!("ann{person}@acme.example")))),
            (Field::Recipients, Value::list(["olga@ours.example", "pat@ours.example"])),
            (Field::MessageId, Value::text(Some(&format!("m{number}")))),
            (
                Field::References,
                Value::list([format!("first{person}"), format!("m{}", number.saturating_sub(10))]),
            ),
        ]
        .into_iter()
        .collect();
        let reference = ExternalRef::new(&"box".into(), Kind::Email, number.to_string());
        let id = Id::v7(1, u128::from(number) + 1_000);
        let record =
            Canonical { id, kind: Kind::Email, fields, sources: Vec::new(), stage_since: None, gone: None };
        let keys = vec![MatchKey::Message(format!("m{number}").into())];
        page.records.push(RecordRow { record, new: true, match_keys: Some(keys) });
        page.sources.push(SourceRow {
            reference,
            record: id,
            version: Version::At(NOW),
            modified: NOW,
            raw: None,
            links: Vec::new(),
            new: true,
        });
    }
    page
}

#[tokio::test]
async fn a_page_of_mails_reads_no_more_for_being_long() {
    let store = counted().await;
    let held = store.acquire("daemon", NOW).await.unwrap();
    let mut counts = Vec::new();
    for numbers in [0..100, 100..200, 200..1_200] {
        let page = mails(numbers);
        let keys: Vec<Key> = page.sources.iter().map(|source| Key::Ref(source.reference.clone())).collect();
        let matches = page.records.iter().flat_map(|row| row.match_keys.clone().unwrap()).map(Key::Match);
        RUN.take();
        store.known(&keys).await.unwrap();
        store.known(&matches.collect::<Vec<_>>()).await.unwrap();
        store.commit_page(&held, page, NOW).await.unwrap();
        counts.push(RUN.take());
    }
    let [_, (short, few), (long, many)] = counts[..] else { panic!("three pages") };
    assert_eq!(short, long, "reads");
    assert!(long < 20, "{long} reads");
    // a mail, its source, its key, three addresses, two references, its place in the queue
    assert!(many - few <= 9 * 900, "{} statements per mail", (many - few) / 900);
}

#[tokio::test]
async fn a_batch_to_be_linked_is_read_in_a_handful_of_queries() {
    let store = counted().await;
    let held = store.acquire("daemon", NOW).await.unwrap();
    store.commit_page(&held, mails(0..2_000), NOW).await.unwrap();
    let mut counts = Vec::new();
    for most in [10, 10, 200, 200] {
        RUN.take();
        let batch = store.unrelated(NOW, most).await.unwrap().views;
        counts.push(RUN.take().0);
        assert_eq!(batch.len(), most);
        let related = batch.into_iter().map(|(view, mark)| {
            let links = vec![ActivityLink {
                record: Id::v7(1, 1),
                kind: Kind::Contact,
                how: "contact".into(),
                ambiguous: false,
            }];
            let standing = Standing { direction: Direction::Inbound, links };
            let (at, record, kind) = (view.fields.time(Field::At).unwrap(), view.record, view.kind);
            let (dirty, events) = (Vec::new(), Vec::new());
            (Related { record, kind, at, standing, dirty, events, again: None }, mark)
        });
        store.commit_related(&held, related.collect(), NOW).await.unwrap();
    }
    assert_eq!(counts[1], counts[3], "{counts:?}");
    assert!(counts[3] < 30, "{counts:?}");
}
