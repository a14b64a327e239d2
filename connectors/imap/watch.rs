//! Being told of news, where the server offers it.

use crate::{
    Imap,
    session::{Chosen, Session},
};
use connect::{Cx, Error};
use std::time::Duration;

/// A wait is begun anew before servers end it (RFC 2177: 30 minutes; routers forget earlier).
const LONGEST: Duration = Duration::from_secs(24 * 60);
/// After a failure; doubled up to [`RARELY`].
const SOON: Duration = Duration::from_secs(30);
const RARELY: Duration = Duration::from_secs(30 * 60);
const INBOX: &str = "INBOX";

impl Imap {
    /// Returns when something came to the inbox or left it; never, where the server does not offer that.
    pub(crate) async fn wait(&self, cx: &Cx<'_>) {
        let mut pause = SOON;
        loop {
            match self.news(cx).await {
                Ok(Some(true)) => return,
                Ok(Some(false)) => pause = SOON,
                Ok(None) => return std::future::pending().await,
                // Polling goes on without this, and says what is wrong.
                Err(_) => {
                    cx.clock.sleep_until(cx.clock.now() + pause).await;
                    pause = (pause * 2).min(RARELY);
                }
            }
        }
    }

    /// Waits once; `None` where waiting is not offered. The session stays as it is between two calls: what comes
    /// meanwhile is told at the beginning of the next.
    async fn news(&self, cx: &Cx<'_>) -> Result<Option<bool>, Error> {
        let mut session = match self.waiting.take() {
            Some(session) => session,
            None => match inbox(cx).await? {
                Some(session) => session,
                None => return Ok(None),
            },
        };
        let news = session.idle(cx, cx.clock.now() + LONGEST).await?;
        self.waiting.put(session);
        Ok(Some(news))
    }
}

async fn inbox(cx: &Cx<'_>) -> Result<Option<Session>, Error> {
    let mut session = Session::open(cx).await?;
    if !session.offers("IDLE") {
        return Ok(None);
    }
    match session.open_folder(cx, INBOX).await? {
        Chosen::Open(_) => Ok(Some(session)),
        Chosen::Refused(error) => Err(error),
        Chosen::Absent => Ok(None),
    }
}
