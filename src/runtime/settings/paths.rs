//! Where configuration and data are.

use super::Settings;
use etcetera::AppStrategy;
use std::path::{Path, PathBuf};

/// File name of the configuration.
pub const CONFIG: &str = "orchestrator.toml";

/// The configuration file in use, with its sisters beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `orchestrator.toml`: it need not exist; then the embedded defaults hold.
    pub config: PathBuf,
    /// It was named by the user, so it must exist.
    pub required: bool,
    /// `--data`, when given.
    pub data: Option<PathBuf>,
}

impl Paths {
    /// The named file, else `orchestrator.toml` in the working folder, else in the platform's configuration
    /// folder.
    pub fn find(named: Option<&Path>, data: Option<&Path>) -> Self {
        let data = data.map(Path::to_owned);
        if let Some(config) = named {
            return Self { config: config.to_owned(), required: true, data };
        }
        let here = PathBuf::from(CONFIG);
        let config = if here.is_file() { here } else { config_dir().join(CONFIG) };
        Self { config, required: false, data }
    }

    /// A file beside the configuration (`agents.toml`).
    pub fn sister(&self, name: &str) -> PathBuf {
        match self.config.parent() {
            Some(folder) => folder.join(name),
            None => PathBuf::from(name),
        }
    }

    /// Folder of the database: `--data`, else the configured one (relative to the configuration file), else the
    /// platform's.
    pub fn data_dir(&self, settings: &Settings) -> PathBuf {
        match (&self.data, &settings.data.dir) {
            (Some(dir), _) => dir.clone(),
            (None, Some(dir)) => {
                self.config.parent().unwrap_or(Path::new("")).join(dir).components().collect()
            }
            (None, None) => data_dir(),
        }
    }
}

fn app() -> etcetera::AppStrategyArgs {
    etcetera::AppStrategyArgs {
        top_level_domain: "com".to_owned(),
        author: "Murphbeck".to_owned(),
        app_name: "sales-orchestrator".to_owned(),
    }
}

/// The platform's configuration folder for this program; the working folder where there is none.
pub fn config_dir() -> PathBuf {
    etcetera::choose_app_strategy(app()).map_or_else(|_| PathBuf::from("."), |dirs| dirs.config_dir())
}

/// The platform's data folder for this program; `data` in the working folder where there is none.
pub fn data_dir() -> PathBuf {
    etcetera::choose_app_strategy(app()).map_or_else(|_| PathBuf::from("data"), |dirs| dirs.data_dir())
}
