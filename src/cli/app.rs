//! What every verb stands on: configuration, data folder, store.

use crate::{
    answer::{Screen, usage},
    args::Args,
};
use anyhow::Context;
use connect::{Clock, Maker};
use engine::{
    config::{Loaded, Source},
    signals::Own,
};
use model::{ConnectionId, Timestamp};
use runtime::{
    clock::SystemClock,
    compose,
    link::Link,
    provider::Provider,
    rules::{Config, Rules},
    settings::{AuthKind, Connection, Paths, Settings, nearest},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Actor, Exec, SqliteStore, Store};

/// File name of the database.
pub const DATABASE: &str = "orchestrator.db";
/// Folder of the user's phrase files.
const PHRASES: &str = "phrases";
const LOCK: &str = "daemon.lock";

/// What every verb stands on.
pub struct App {
    /// Where configuration is.
    pub paths: Paths,
    /// Vendors that this program knows.
    pub makers: &'static [Maker],
    /// How to talk.
    pub screen: Screen,
    /// Form of log lines asked for.
    pub log: Option<crate::args::LogForm>,
}

impl App {
    /// From the command line.
    pub fn new(args: &Args, makers: &'static [Maker]) -> Self {
        let paths = Paths::find(args.config.as_deref(), args.data.as_deref());
        Self { paths, makers, screen: Screen::new(args.json), log: args.log }
    }

    /// Reads `orchestrator.toml`; all mistakes at once.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let vendors: Vec<&str> = self.makers.iter().map(|maker| maker.vendor).collect();
        let settings = Settings::load(&self.paths).and_then(|settings| {
            let unknown = settings.check_vendors(&self.paths.config, &vendors);
            if unknown.is_empty() { Ok(settings) } else { Err(unknown) }
        });
        settings.map_err(|problems| usage(lines(problems.iter())))
    }

    /// Reads all configuration files.
    pub fn config(&self) -> anyhow::Result<Config> {
        let (settings, loaded) = (self.settings()?, self.team()?);
        Ok(Config { settings, roster: loaded.roster, book: loaded.book })
    }

    /// Reads `agents.toml` and `stages.toml`, with what probably is not meant in them.
    pub fn team(&self) -> anyhow::Result<Loaded> {
        let (agents, stages) = (self.sister("agents.toml")?, self.sister("stages.toml")?);
        let phrases = self.phrases()?;
        let own: Vec<_> = phrases
            .iter()
            .map(|(language, file)| Own { language, source: Source { name: &file.0, text: &file.1 } })
            .collect();
        let loaded = engine::config::load_with(of(agents.as_ref()), of(stages.as_ref()), &own);
        loaded.map_err(|problems| usage(lines(problems.iter())))
    }

    /// The user's phrase files by their language, with name and text.
    fn phrases(&self) -> anyhow::Result<Vec<(String, (String, String))>> {
        let mut found = Vec::new();
        for path in self.phrase_files()? {
            let language = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = format!("{PHRASES}/{language}.toml");
            found.extend(self.sister(&name)?.map(|file| (language, file)));
        }
        Ok(found)
    }

    /// `phrases/*.toml` beside the configuration, by name.
    fn phrase_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.paths.sister(PHRASES);
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(usage(format!("{}: can't be read: {error}", folder.display()))),
        };
        let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        files.sort();
        Ok(files)
    }

    fn sister(&self, name: &str) -> anyhow::Result<Option<(String, String)>> {
        let file = self.paths.sister(name);
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some((file.display().to_string(), text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(usage(format!("{}: can't be read: {error}", file.display()))),
        }
    }

    /// Files whose change means a reload.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![
            self.paths.config.clone(),
            self.paths.sister("agents.toml"),
            self.paths.sister("stages.toml"),
        ];
        // The folder itself: a file that is put into it or taken out.
        files.push(self.paths.sister(PHRASES));
        files.extend(self.phrase_files().unwrap_or_default());
        files
    }

    /// Folder of the database.
    pub fn data(&self, settings: &Settings) -> PathBuf {
        self.paths.data_dir(settings)
    }

    /// Opens the database as one process among others. A folder that somebody names and that is not there is
    /// a slip, not a wish for a new one.
    pub fn store(&self, settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
        if let Some(named) = self.paths.data.as_ref().filter(|folder| !folder.is_dir()) {
            let named = named.display();
            return Err(usage(format!(
                "there is no folder {named}: `run`, `sync`, `check` and `demo` make one"
            )));
        }
        self.new_store(settings)
    }

    /// As [`App::store`], for verbs with which somebody begins: what is not there is made.
    pub fn new_store(&self, settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
        let file = self.data(settings).join(DATABASE);
        Ok(Arc::new(SqliteStore::open(&file, Exec::Thread)?))
    }

    /// What decisions are made by, with the pipelines known so far.
    pub async fn rules(&self, config: Config, store: &dyn Store) -> anyhow::Result<Rules> {
        Rules::build(Arc::new(config), store, now()).await
    }

    /// The vendor of a connection.
    pub fn maker(&self, connection: &Connection) -> anyhow::Result<&'static Maker> {
        let maker = self.makers.iter().find(|maker| maker.vendor == connection.vendor);
        maker.with_context(|| format!("{:?} is not a vendor that this program knows", connection.vendor))
    }

    /// How a connection signs in.
    pub fn auth(&self, connection: &Connection) -> anyhow::Result<AuthKind> {
        Ok(Provider::of(self.maker(connection)?)?.auth(connection))
    }

    /// Puts one connection together.
    pub fn link(&self, connection: &Connection, settings: &Settings) -> anyhow::Result<Link> {
        let data = self.data(settings);
        compose::link(connection, settings, self.makers, &data, &ways()?)
            .with_context(|| format!("connection {:?}", connection.id))
    }

    /// Puts all enabled connections together.
    pub fn links(&self, settings: &Settings) -> anyhow::Result<Vec<Arc<Link>>> {
        compose::links(settings, self.makers, &self.data(settings), &ways()?)
    }

    /// Process id of the daemon that works on the data folder, if one does.
    pub fn daemon(&self, settings: &Settings) -> Option<String> {
        daemon(&self.data(settings))
    }
}

/// The connection of that name, or a suggestion.
pub fn connection<'s>(settings: &'s Settings, name: &str) -> anyhow::Result<&'s Connection> {
    settings.connection(&ConnectionId::new(name)).ok_or_else(|| {
        let known: Vec<&str> = settings.connection.iter().map(|one| one.id.as_str()).collect();
        let meant = nearest(name, &known).map(|name| format!("; did you mean {name:?}?"));
        usage(format!("no connection is called {name:?}{}", meant.unwrap_or_default()))
    })
}

/// Now.
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// On whose behalf: the user of the operating system.
pub fn actor() -> Actor {
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    Actor(format!("{} (command line)", user.unwrap_or_else(|| "somebody".to_owned())))
}

/// Whoever holds the lock on the folder; looking does not disturb.
fn daemon(folder: &Path) -> Option<String> {
    let file = folder.join(LOCK);
    let lock = fs::File::open(&file).ok()?;
    match lock.try_lock_shared() {
        Err(fs::TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&file).unwrap_or_default();
            Some(pid.trim().chars().filter(char::is_ascii_digit).collect())
        }
        Ok(()) | Err(fs::TryLockError::Error(_)) => None,
    }
}

/// The ways out of this process.
pub fn ways() -> anyhow::Result<compose::Ways> {
    let wrong = |error| anyhow::anyhow!("{error}");
    let transport = Arc::new(connect::HttpClient::new().map_err(wrong)?);
    Ok(compose::Ways { transport, dial: Arc::new(connect::dial::Tcp::new().map_err(wrong)?) })
}

fn of(file: Option<&(String, String)>) -> Option<Source<'_>> {
    file.map(|(name, text)| Source { name, text })
}

fn lines<T: std::fmt::Display>(problems: impl Iterator<Item = T>) -> String {
    problems.map(|problem| problem.to_string()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(folder: &Path) -> App {
        let paths = Paths { config: folder.join("orchestrator.toml"), required: false, data: None };
        App { paths, makers: &[], screen: Screen::new(true), log: None }
    }

    #[test]
    fn phrase_files_beside_the_configuration_are_laid_over_the_built_in_ones() {
        // given
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(PHRASES)).unwrap();
        let own = "[[signal]]\nid = \"demo_requested\"\noff = true\nphrases = [\"zeigt her\"]\n";
        fs::write(folder.path().join("phrases/de.toml"), own).unwrap();
        fs::write(folder.path().join("phrases/notes.txt"), "no phrases").unwrap();
        // when
        let app = app(folder.path());
        let phrases = app.config().unwrap().book.phrases.unwrap();
        // then
        let is_wish = |text| phrases.find(text).iter().any(|hit| hit.signal == "demo_requested");
        assert!(is_wish("Zeigt her!") && is_wish("We'd like a demo."));
        assert!(!is_wish("Wir hätten gerne eine Demo."));
        assert!(app.files().contains(&folder.path().join("phrases/de.toml")));
    }

    #[test]
    fn a_mistake_in_a_phrase_file_is_told_with_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(PHRASES)).unwrap();
        fs::write(folder.path().join("phrases/en.toml"), "\n[[signal]]\nid = \"demo_wanted\"\n").unwrap();
        let error = app(folder.path()).config().map(drop).unwrap_err().to_string();
        let place = folder.path().join("phrases/en.toml");
        assert!(error.contains(&format!("{}:3: ", place.display())), "{error}");
        assert!(error.contains("demo_wanted"), "{error}");
    }
}
