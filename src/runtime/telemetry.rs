//! Log lines to standard error: for people on a terminal, JSON elsewhere.

use crate::settings::{LogFormat, Logging};
use std::io::{IsTerminal, stderr};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Environment variable with the filter; goes before the configuration.
pub const LOG: &str = "SALES_ORCHESTRATOR_LOG";

/// Starts logging for the process. `format` is `--log`; `quiet` is the level of verbs that show something
/// themselves, unless the environment asks for more. A filter that can't be read is an error for the user.
pub fn init(logging: &Logging, format: Option<LogFormat>, quiet: Option<&str>) -> Result<(), String> {
    let wanted = std::env::var(LOG).ok().filter(|level| !level.is_empty());
    let (origin, level) = match (&wanted, quiet) {
        (Some(level), _) => (LOG, level.as_str()),
        (None, Some(quiet)) => ("logging.level", quiet),
        (None, None) => ("logging.level", logging.level.as_str()),
    };
    let filter = filter(level).map_err(|error| format!("{origin}: {error}"))?;
    let human = match format.unwrap_or(logging.format) {
        LogFormat::Auto => stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = if human {
        let colour = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        let layer = fmt::layer().with_writer(stderr).with_target(false).with_ansi(colour);
        registry.with(layer).try_init()
    } else {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(stderr)).try_init()
    };
    started.map_err(|error| error.to_string())
}

/// Reads a filter: a level, or directives such as `info,connect=debug`. HTTP libraries stay quiet unless named.
fn filter(level: &str) -> Result<EnvFilter, String> {
    let why = "is no level (error, warn, info, debug, trace) or filter (info,connect=debug)";
    let parts: Vec<&str> = level.split(',').map(str::trim).collect();
    let plain =
        |part: &&&str| !part.contains('=') && part.parse::<tracing::Level>().is_err() && **part != "off";
    if let Some(wrong) = parts.iter().find(plain) {
        return Err(format!("{wrong:?} {why}"));
    }
    let directives = format!("hyper=warn,reqwest=warn,rmcp=warn,rustls=warn,zbus=warn,{level}");
    EnvFilter::try_new(&directives).map_err(|error| format!("{level:?} {why}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_directives_are_read_and_anything_else_is_refused() {
        assert!(filter("info").is_ok());
        assert!(filter("info,connect=debug").is_ok());
        let wrong = filter("loud").unwrap_err();
        assert!(wrong.contains("\"loud\" is no level"), "{wrong}");
        assert!(filter("info,connect=loud").is_err());
    }
}
