//! The conformance suite on each way to run, and what only this backend can get wrong.

use super::*;
use crate::{Feeds, Leases, Settings, Views};
use connection::{Durable, LONGEST_WAL};
use model::{Event, EventKind, Intake, Timestamp};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_millis(1_763_553_600_000);

mod conformance {
    use super::*;
    use std::{cell::RefCell, rc::Rc};

    async fn on_files(exec: Exec) {
        let folders = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&folders);
        crate::conformance::suite(move || {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(&folder.path().join("store.db"), exec).unwrap();
            kept.borrow_mut().push(folder);
            Arc::new(store)
        })
        .await;
    }

    #[tokio::test]
    async fn holds_inline_in_memory() {
        crate::conformance::suite(|| Arc::new(SqliteStore::memory().unwrap())).await;
    }

    #[tokio::test]
    async fn holds_inline_on_a_file() {
        on_files(Exec::Inline).await;
    }

    #[tokio::test]
    async fn holds_with_a_writer_thread() {
        on_files(Exec::Thread).await;
    }
}

mod statements;

fn folder_with(exec: Exec) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db"), exec).unwrap();
    (folder, store)
}

fn noticed(what: &str) -> Intake {
    let kind = EventKind::Noticed { what: what.to_owned() };
    let event = Event { at: NOW, subject: None, kind, source: "test".into() };
    Intake { events: vec![event], ..Intake::default() }
}

#[tokio::test]
async fn a_full_disk_is_said_so_and_questions_are_still_answered() {
    for exec in [Exec::Thread, Exec::Inline] {
        // given a database that may not grow
        let (_folder, store) = folder_with(exec);
        let held = store.acquire("daemon", NOW).await.unwrap();
        store.commit_page(&held, noticed("before"), NOW).await.unwrap();
        let limit = |pages: &'static str| {
            store.database.writer("limit", move |writer| {
                Ok(writer.connection.query_row(
                    &format!("PRAGMA max_page_count = {pages}"),
                    [],
                    |_| Ok(()),
                )?)
            })
        };
        limit("1").await.unwrap();
        // when a page does not fit
        let big = noticed(&"x".repeat(100_000));
        let refused = store.commit_page(&held, big.clone(), NOW).await;
        // then the error names the file, nothing of the page is stored, and reading goes on
        assert!(matches!(refused, Err(Error::Full { path }) if path.ends_with("store.db")));
        assert_eq!(store.events(0, 10).await.unwrap().len(), 1);
        // and with room again the same page goes in
        limit("1000000").await.unwrap();
        store.commit_page(&held, big, NOW).await.unwrap();
        assert_eq!(store.events(0, 10).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_lock_held_by_another_process_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::on(Database::open(&path, Exec::Thread, Duration::from_millis(50)).unwrap());
    let held = store.acquire("daemon", NOW).await.unwrap();
    // given somebody else in the middle of a transaction
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // when we want to write
    let refused = store.commit_page(&held, noticed("x"), NOW).await;
    // then
    assert!(matches!(refused, Err(Error::Locked { path }) if path.ends_with("store.db")));
    other.execute_batch("ROLLBACK").unwrap();
    store.commit_page(&held, noticed("x"), NOW).await.unwrap();
}

#[test]
fn a_file_that_is_no_database_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"this is a letter to my aunt, and not a database".repeat(100)).unwrap();
    let refused = SqliteStore::open(&path, Exec::Inline).err().unwrap();
    assert!(matches!(&refused, Error::Corrupt { path, .. } if path.ends_with("store.db")), "{refused}");
}

#[tokio::test]
async fn a_damaged_page_is_said_so() {
    // given a database whose pages after the first were overwritten
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(SqliteStore::open(&path, Exec::Thread).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xAB);
    std::fs::write(&path, bytes).unwrap();
    // when it is used
    let store = SqliteStore::open(&path, Exec::Thread);
    let failed = match store {
        Ok(store) => store.acquire("daemon", NOW).await.err(),
        Err(error) => Some(error),
    };
    // then
    assert!(matches!(failed, Some(Error::Corrupt { .. })), "{failed:?}");
}

#[test]
fn a_newer_schema_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(SqliteStore::open(&path, Exec::Inline).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStore::open(&path, Exec::Thread).err().unwrap();
    assert!(matches!(refused, Error::TooNew { found: 99, known: 14, .. }), "{refused}");
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    let (folder, store) = folder_with(Exec::Thread);
    let held = store.acquire("daemon", NOW).await.unwrap();
    store.commit_page(&held, noticed("kept"), NOW).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&folder.path().join("store.db"), Exec::Inline).unwrap();
    assert_eq!(store.events(0, 10).await.unwrap().len(), 1);
    assert!(store.acquire("daemon", NOW).await.unwrap().epoch() > held.epoch());
}

#[tokio::test]
async fn a_backup_opens_as_a_database_with_the_same_content() {
    for exec in [Exec::Thread, Exec::Inline] {
        let (folder, store) = folder_with(exec);
        let held = store.acquire("daemon", NOW).await.unwrap();
        store.commit_page(&held, noticed("kept"), NOW).await.unwrap();
        let copy = folder.path().join("copy.db");
        store.backup(&copy).await.unwrap();
        store.commit_page(&held, noticed("after"), NOW).await.unwrap();
        let restored = SqliteStore::open(&copy, Exec::Inline).unwrap();
        assert_eq!(restored.events(0, 10).await.unwrap().len(), 1);
        assert_eq!(restored.integrity().await.unwrap(), None);
    }
}

#[tokio::test]
async fn commits_of_another_process_are_noticed_and_our_own_are_not() {
    let (folder, store) = folder_with(Exec::Thread);
    let held = store.acquire("daemon", NOW).await.unwrap();
    let before = store.foreign_commits().await.unwrap();
    store.commit_page(&held, noticed("ours"), NOW).await.unwrap();
    assert_eq!(store.foreign_commits().await.unwrap(), before);
    let other = SqliteStore::open(&folder.path().join("store.db"), Exec::Inline).unwrap();
    other.acquire("somebody", NOW).await.unwrap();
    assert_ne!(store.foreign_commits().await.unwrap(), before);
}

#[tokio::test]
async fn the_write_ahead_log_is_cut_when_it_grew_too_long() {
    let (folder, store) = folder_with(Exec::Thread);
    // given a reader that keeps checkpoints from cutting the log
    let reader = Connection::open(folder.path().join("store.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM links").unwrap();
    // when more than 64 MB are written
    for _ in 0..9 {
        let blob = |db: &Connection| {
            db.execute("INSERT INTO raw_records (body) VALUES (zeroblob(8000000))", [])?;
            Ok(())
        };
        store.database.write("fill", Durable::Normal, blob).await.unwrap();
    }
    let wal = || std::fs::metadata(folder.path().join("store.db-wal")).unwrap().len();
    assert!(wal() > LONGEST_WAL);
    // then the log is cut by the first commit after it went away
    drop(reader);
    store.set_setting("a", Some("b")).await.unwrap();
    assert_eq!(wal(), 0);
}

#[cfg(unix)]
#[test]
fn database_files_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, store) = folder_with(Exec::Thread);
    for name in ["store.db", "store.db-wal"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(store);
}
