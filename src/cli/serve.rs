//! The API beside the daemon, in the same process.

use crate::answer::usage;
use anyhow::Context;
use runtime::{clock, settings::Settings, shared::Shared};
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tracing::{error, info};
use web::{Web, http::router};

/// Listens where the configuration says, if it says so; ends when `stop` becomes true.
pub async fn start(
    shared: &Arc<Shared>,
    settings: &Settings,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    let Some(text) = &settings.web.listen else { return Ok(None) };
    let address: SocketAddr =
        text.parse().map_err(|_| usage(format!("`web.listen` {text:?} is not ADDRESS:PORT")))?;
    if !address.ip().is_loopback() && settings.web.names.is_empty() {
        return Err(usage(format!(
            "`web.listen` {text} is open to other machines: list the host names they use in `web.names`"
        )));
    }
    let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
    info!(address = %listener.local_addr()?, "the API listens");
    let (rules, nudges) = (shared.clone(), shared.nudges.clone());
    let web = Web::new(
        shared.store.clone(),
        shared.clock.clone(),
        move || rules.rules(),
        move || nudges.said(),
        clock::seed(),
    );
    let app = router(&web, settings.web.names.clone());
    Ok(Some(tokio::spawn(async move {
        let stopped = async move {
            // An error means that nobody can say stop any more.
            stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
        };
        if let Err(error) = web::http::serve(listener, app, stopped).await {
            error!(%error, "the API ended");
        }
    })))
}
