//! How the database is reached: one writer, a few readers, or everything inline on the caller.

use super::{
    fail::{Fail, Outcome},
    together::{self, Promise, Waiting},
};
use crate::Error;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot};

/// Where jobs run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exec {
    /// One writer thread fed by a channel, readers on blocking threads.
    Thread,
    /// One connection, on the caller's thread: deterministic under a paused clock.
    Inline,
}

/// How long a transaction may wait for another process.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// A write-ahead log longer than this is copied back beside the writer.
const LONG_WAL: u64 = 16 << 20;
/// One longer than this is copied back and cut at once.
pub(super) const LONGEST_WAL: u64 = 64 << 20;
const READERS: usize = 4;

/// How surely a transaction is on the disk when its method returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Durable {
    /// `synchronous=FULL`: survives a power cut.
    Full,
    /// `synchronous=NORMAL`: survives a crash of the process; a power cut may undo it as a whole.
    Normal,
}

/// The one connection that writes.
pub(super) struct Writer {
    pub(super) connection: Connection,
    durable: Durable,
    patience: Duration,
    wal: Option<PathBuf>,
    /// Wakes the thread that copies the log back; `None` inline, where SQLite does so by itself.
    copier: Option<mpsc::SyncSender<()>>,
    /// Held by whoever copies: SQLite lets only one at a time and does not wait for the other.
    copying: Arc<Mutex<()>>,
}

/// What the writer's queue holds.
pub(super) enum Job {
    /// Has the connection to itself.
    Alone(Box<dyn FnOnce(&mut Writer) + Send>),
    /// A transaction that may be committed along with its neighbours in the queue.
    Together(Box<dyn Promise>),
}

/// Readers that nobody uses now, and how many may be used at a time.
struct Pool {
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

enum Road {
    Thread { jobs: mpsc::Sender<Job>, readers: Arc<Pool> },
    Inline(Box<Mutex<Writer>>),
}

/// The database and the way jobs get to it.
pub(super) struct Database {
    path: PathBuf,
    shown: String,
    road: Option<Road>,
    thread: Option<JoinHandle<()>>,
}

impl Database {
    /// Opens or creates the file, brings its schema up to date and starts the writer.
    pub(super) fn open(path: &Path, exec: Exec, patience: Duration) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let memory = path == Path::new(":memory:");
        let mut writer =
            Writer::open(path, memory, patience).map_err(|e| e.at(&shown, "open the database"))?;
        super::migrate::up(&mut writer.connection, &shown).map_err(|e| e.at(&shown, "update the schema"))?;
        let database = |road, thread| Self { path: path.to_owned(), shown: shown.clone(), road, thread };
        if exec == Exec::Inline || memory {
            return Ok(database(Some(Road::Inline(Box::new(Mutex::new(writer)))), None));
        }
        let (jobs, queue) = mpsc::channel::<Job>();
        let failed = |e: std::io::Error| Error::Database { doing: "start the writer", source: Box::new(e) };
        let copier = start_copier(path.to_owned(), &mut writer).map_err(failed)?;
        let write = move || {
            together::work(&queue, &mut writer);
            drop(writer.copier.take());
            // Before the writer's connection, so that the last one to close tidies up.
            if copier.join().is_err() {
                tracing::error!("the checkpoint thread had panicked");
            }
        };
        let thread =
            std::thread::Builder::new().name("store-writer".to_owned()).spawn(write).map_err(failed)?;
        let readers = Arc::new(Pool { idle: Mutex::default(), permits: Semaphore::new(READERS) });
        Ok(database(Some(Road::Thread { jobs, readers }), Some(thread)))
    }

    fn road(&self) -> Outcome<&Road> {
        self.road.as_ref().ok_or_else(|| Fail::stored("the database is closed"))
    }

    /// Runs a job on the writing connection, outside any transaction.
    pub(super) async fn writer<T, F>(&self, doing: &'static str, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writer) -> Outcome<T> + Send + 'static,
    {
        let outcome = match self.road().map_err(|e| e.at(&self.shown, doing))? {
            Road::Inline(writer) => job(&mut writer.lock().unwrap_or_else(PoisonError::into_inner)),
            Road::Thread { jobs, .. } => {
                let (answer, answered) = oneshot::channel();
                // A caller that went away does not want the answer; the job is done all the same.
                let job = Job::Alone(Box::new(move |writer| drop(answer.send(job(writer)))));
                sent(jobs, job, answered).await
            }
        };
        outcome.map_err(|e| e.at(&self.shown, doing))
    }

    /// Runs a short job as a durable transaction that shares its commit with those that wait beside it: each is
    /// done as a whole or not at all, and each is on the disk when its answer comes.
    pub(super) async fn write_together<T, F>(&self, doing: &'static str, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let outcome = match self.road().map_err(|e| e.at(&self.shown, doing))? {
            Road::Inline(writer) => {
                writer.lock().unwrap_or_else(PoisonError::into_inner).transaction(Durable::Full, job)
            }
            Road::Thread { jobs, .. } => {
                let (answer, answered) = oneshot::channel();
                sent(jobs, Job::Together(Box::new(Waiting::new(job, answer))), answered).await
            }
        };
        outcome.map_err(|e| e.at(&self.shown, doing))
    }

    /// Runs a job on the writing connection of an inline database, on this thread.
    #[cfg(any(test, feature = "floor"))]
    pub(super) fn blocking<T>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&mut Writer) -> Outcome<T>,
    ) -> Result<T, Error> {
        let outcome = match self.road().map_err(|e| e.at(&self.shown, doing))? {
            Road::Inline(writer) => job(&mut writer.lock().unwrap_or_else(PoisonError::into_inner)),
            Road::Thread { .. } => Err(Fail::stored("a threaded database is not for blocking use")),
        };
        outcome.map_err(|e| e.at(&self.shown, doing))
    }

    /// Runs a job as one write transaction.
    pub(super) async fn write<T, F>(&self, doing: &'static str, durable: Durable, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.writer(doing, move |writer| writer.transaction(durable, job)).await
    }

    /// Runs a job on a consistent state of the database, beside the writer.
    pub(super) async fn read<T, F>(&self, doing: &'static str, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.outside(doing, move |connection| snapshot(connection, job)).await
    }

    /// Runs a job on a reading connection, outside any transaction.
    pub(super) async fn outside<T, F>(&self, doing: &'static str, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let outcome = match self.road().map_err(|e| e.at(&self.shown, doing))? {
            Road::Inline(writer) => job(&writer.lock().unwrap_or_else(PoisonError::into_inner).connection),
            Road::Thread { readers, .. } => {
                let (pool, path) = (Arc::clone(readers), self.path.clone());
                let permit = readers.permits.acquire().await;
                let done = tokio::task::spawn_blocking(move || pool.run(&path, job)).await;
                drop(permit);
                done.unwrap_or_else(|e| Err(Fail::Stored(Box::new(e))))
            }
        };
        outcome.map_err(|e| e.at(&self.shown, doing))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.road = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the writer thread had panicked");
        }
    }
}

impl Pool {
    fn run<T>(&self, path: &Path, job: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(path)?,
        };
        let outcome = job(&connection);
        if outcome.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        outcome
    }
}

/// Hands a job to the writer and waits for what comes of it.
async fn sent<T>(jobs: &mpsc::Sender<Job>, job: Job, answered: oneshot::Receiver<Outcome<T>>) -> Outcome<T> {
    let gone = || Fail::stored("the writer thread stopped");
    match jobs.send(job) {
        Ok(()) => answered.await.unwrap_or_else(|_| Err(gone())),
        Err(_) => Err(gone()),
    }
}

fn snapshot<T>(connection: &Connection, job: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let read = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let outcome = job(&read)?;
    read.commit()?;
    Ok(outcome)
}

impl Writer {
    fn open(path: &Path, memory: bool, patience: Duration) -> Outcome<Self> {
        if !memory {
            make_private(path).map_err(|e| Fail::Stored(Box::new(e)))?;
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(patience)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
        )?;
        prepare(&connection)?;
        let wal = (!memory).then(|| {
            let mut name = path.as_os_str().to_owned();
            name.push("-wal");
            PathBuf::from(name)
        });
        Ok(Self {
            connection,
            durable: Durable::Normal,
            patience,
            wal,
            copier: None,
            copying: Arc::default(),
        })
    }

    /// One write transaction: all of the job or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        durable: Durable,
        job: impl FnOnce(&Connection) -> Outcome<T>,
    ) -> Outcome<T> {
        if self.durable != durable {
            let level = if durable == Durable::Full { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durable = durable;
        }
        let write = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let outcome = job(&write)?;
        write.commit()?;
        // Committed is committed: what goes wrong from here on is for the log only.
        if let Err(error) = self.cut_wal() {
            tracing::warn!(%error, "the write-ahead log could not be looked after");
        }
        Ok(outcome)
    }

    fn cut_wal(&self) -> rusqlite::Result<()> {
        let length = self.wal.as_ref().and_then(|wal| std::fs::metadata(wal).ok()).map_or(0, |m| m.len());
        if length <= LONGEST_WAL {
            let woken = self.copier.as_ref().filter(|_| length > LONG_WAL).map(|copier| copier.try_send(()));
            if let Some(Err(mpsc::TrySendError::Disconnected(()))) = woken {
                tracing::warn!("the checkpoint thread stopped");
            }
            return Ok(());
        }
        // The log outgrew the copier, which is waited for. Whoever reads just now is not: the next commit tries
        // again.
        let _copying = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        self.connection.busy_timeout(Duration::ZERO)?;
        let cut =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        self.connection.busy_timeout(self.patience)?;
        if !matches!(cut, Ok(0)) && length > 2 * LONGEST_WAL {
            tracing::warn!(length, "the write-ahead log cannot be cut: a long read is in its way");
        }
        Ok(())
    }
}

/// Starts the thread that copies the write-ahead log back while the writer goes on: what takes long there is
/// waiting for the disk.
fn start_copier(path: PathBuf, writer: &mut Writer) -> std::io::Result<JoinHandle<()>> {
    let (wake, woken) = mpsc::sync_channel::<()>(1);
    let copying = Arc::clone(&writer.copying);
    let copy = move || {
        let mut connection = None;
        for () in woken {
            let _copying = copying.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = copy_back(&path, &mut connection) {
                tracing::warn!(%error, "the write-ahead log could not be copied back");
            }
        }
    };
    let thread = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(copy)?;
    writer.copier = Some(wake);
    if let Err(error) = writer.connection.pragma_update(None, "wal_autocheckpoint", 0) {
        tracing::warn!(%error, "SQLite goes on checkpointing by itself");
    }
    Ok(thread)
}

fn copy_back(path: &Path, connection: &mut Option<Connection>) -> rusqlite::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(path)?),
    };
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

fn open_reader(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;")?;
    prepare(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Outcome<()> {
    connection.set_prepared_statement_cache_capacity(256);
    // A plan holds whatever is bound: without this SQLite plans a kept statement anew for each new value that a partial
    // index may depend on.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    rusqlite::vtab::array::load_module(connection)?;
    Ok(())
}

/// Creates folder and file for nobody else's eyes: what is in them is customers' data.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        super::lock::private_folder(folder)?;
    }
    super::lock::private_file(path).map(drop)
}
