//! Whether an agent could be reached now, found out without sending it anything.

use super::{Failure, Outside, command::place, guard, webhook::check};
use model::work::{AgentSpec, Reach as Way};
use std::{
    env,
    path::{Path, PathBuf},
};
use url::Url;

/// In words how it is reached, or what stands in the way; `None` for an agent that the daemon does not call.
pub async fn ready(
    outside: &Outside,
    agent: &AgentSpec,
    private_hosts: &[String],
) -> Option<Result<String, String>> {
    match &agent.reach {
        Way::Webhook { url, secret } => {
            let found = webhook(outside, url, secret, private_hosts).await;
            Some(found.map_err(|failure| failure.why))
        }
        Way::Command { program, .. } => Some(command(program, &place(outside, &agent.id))),
        Way::DealOwner | Way::CrmOwner(_) | Way::Inbox | Way::Email(_) => None,
    }
}

async fn webhook(
    outside: &Outside,
    url: &str,
    secret: &str,
    private_hosts: &[String],
) -> Result<String, Failure> {
    let target: Url = url.parse().map_err(|_| Failure::final_("the webhook's address is not a URL"))?;
    let missing = |error| Failure::passing(format!("its signing secret: {error}"));
    let key = outside.keys.load(secret).await.map_err(missing)?;
    check(&key)?;
    guard::addresses(&target, private_hosts).await?;
    let host = target.host_str().unwrap_or_default();
    Ok(format!("its webhook is at {host}, its secret in {}", outside.keys.place(secret)))
}

/// A name without a folder is looked for where the system would.
fn command(program: &str, place: &Path) -> Result<String, String> {
    let file = if program.contains('/') { Some(place.join(program)) } else { in_path(program) };
    match file.filter(|file| file.is_file()) {
        None => Err(format!("its program {program} is not there")),
        Some(file) if !may_run(&file) => Err(format!("its program {} may not be executed", file.display())),
        Some(file) => Ok(format!("its program is {}", file.display())),
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(unix)]
fn may_run(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}
#[cfg(not(unix))]
fn may_run(_: &Path) -> bool {
    true
}
