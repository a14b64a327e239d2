//! Brings a database to the newest schema: numbered files, each once, each in its own transaction.

use super::fail::{Fail, Outcome};
use crate::Error;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// All migrations in order; the number of a file is its place here, from 1.
const FILES: [&str; 14] = [
    include_str!("../migrations/sqlite/0001_first.sql"),
    include_str!("../migrations/sqlite/0002_mail.sql"),
    include_str!("../migrations/sqlite/0003_looks.sql"),
    include_str!("../migrations/sqlite/0004_coordination.sql"),
    include_str!("../migrations/sqlite/0005_kinds.sql"),
    include_str!("../migrations/sqlite/0006_metrics.sql"),
    include_str!("../migrations/sqlite/0007_recall.sql"),
    include_str!("../migrations/sqlite/0008_absences.sql"),
    include_str!("../migrations/sqlite/0009_backlog.sql"),
    include_str!("../migrations/sqlite/0010_withdrawn.sql"),
    include_str!("../migrations/sqlite/0011_routings.sql"),
    include_str!("../migrations/sqlite/0012_undelivered.sql"),
    include_str!("../migrations/sqlite/0013_answers.sql"),
    include_str!("../migrations/sqlite/0014_tries.sql"),
];

/// Marks the file as ours ("sord"), so that another program's database is never migrated.
const APPLICATION: i64 = 0x736f_7264;

pub(super) fn up(connection: &mut Connection, path: &str) -> Outcome<()> {
    let known = i64::try_from(FILES.len()).unwrap_or(i64::MAX);
    let found = version(connection)?;
    if found > known {
        return Err(Error::TooNew { path: path.to_owned(), found, known }.into());
    }
    let ours = connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i64>(0))?;
    if ours != APPLICATION && (found > 0 || has_tables(connection)?) {
        let detail = "it belongs to another program".to_owned();
        return Err(Error::Corrupt { path: path.to_owned(), detail }.into());
    }
    if found == known {
        return Ok(());
    }
    for (number, file) in (1_i64..).zip(FILES) {
        apply(connection, number, file)?;
    }
    Ok(())
}

/// Applies one file unless another process did so meanwhile.
fn apply(connection: &mut Connection, number: i64, file: &str) -> Outcome<()> {
    let write = Transaction::new(connection, TransactionBehavior::Immediate)?;
    if version(&write)? >= number {
        return Ok(());
    }
    write.execute_batch(file)?;
    write.pragma_update(None, "application_id", APPLICATION)?;
    write.pragma_update(None, "user_version", number)?;
    write.commit()?;
    tracing::info!(schema = number, "database schema updated");
    Ok(())
}

fn version(connection: &Connection) -> Result<i64, Fail> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn has_tables(connection: &Connection) -> Result<bool, Fail> {
    Ok(connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: [&str; 14] = [
        include_str!("../migrations/sample/0001_first.sql"),
        include_str!("../migrations/sample/0002_mail.sql"),
        include_str!("../migrations/sample/0003_looks.sql"),
        include_str!("../migrations/sample/0004_coordination.sql"),
        include_str!("../migrations/sample/0005_kinds.sql"),
        include_str!("../migrations/sample/0006_metrics.sql"),
        include_str!("../migrations/sample/0007_recall.sql"),
        include_str!("../migrations/sample/0008_absences.sql"),
        include_str!("../migrations/sample/0009_backlog.sql"),
        include_str!("../migrations/sample/0010_withdrawn.sql"),
        include_str!("../migrations/sample/0011_routings.sql"),
        include_str!("../migrations/sample/0012_undelivered.sql"),
        include_str!("../migrations/sample/0013_answers.sql"),
        include_str!("../migrations/sample/0014_tries.sql"),
    ];

    #[test]
    fn every_migration_applies_on_top_of_a_filled_database() {
        // given one sample per migration
        assert_eq!(SAMPLES.len(), FILES.len());
        let mut connection = Connection::open_in_memory().unwrap();
        for ((number, file), sample) in (1_i64..).zip(FILES).zip(SAMPLES) {
            // when the schema is applied and filled
            apply(&mut connection, number, file).unwrap();
            connection.execute_batch(sample).unwrap();
            // then it stands, and its references hold
            assert_eq!(version(&connection).unwrap(), number);
            let broken: i64 = connection
                .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| r.get(0))
                .unwrap();
            assert_eq!(broken, 0);
        }
        // and every table got at least one row, so that later migrations meet data everywhere
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .unwrap();
        for table in tables.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            let table = table.unwrap();
            let filled: bool = connection
                .query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |row| row.get(0))
                .unwrap();
            assert!(filled, "the sample leaves {table} empty");
        }
    }

    #[test]
    fn applying_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        up(&mut connection, "x").unwrap();
        up(&mut connection, "x").unwrap();
        assert_eq!(version(&connection).unwrap(), i64::try_from(FILES.len()).unwrap());
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(up(&mut connection, "x"), Err(Fail::Rule(Error::Corrupt { .. }))));
    }
}
