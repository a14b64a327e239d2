//! `[logging]`.

use super::read::{leaf, section};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

section! {
    /// What is written to standard error.
    pub struct Logging {
        /// Least urgent level: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,connect=debug`.
        /// The environment variable `SALES_ORCHESTRATOR_LOG` goes first.
        pub level: String = "info".to_owned(),
        /// Form: `auto` is `human` on a terminal and `json` elsewhere.
        pub format: LogFormat = LogFormat::Auto,
    }
}

/// Form of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `human` on a terminal, `json` elsewhere.
    Auto,
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

leaf!(LogFormat);
