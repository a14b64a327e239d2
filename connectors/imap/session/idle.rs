//! Waiting for news (`IDLE`, RFC 2177).

use super::Session;
use crate::{
    refusal,
    wire::{Data, Response, State},
};
use connect::{Cx, Error};
use model::Timestamp;
use std::time::Duration;

const NAME: &str = "IDLE";
/// Longer than any wait: when it ends is said by `until`.
const SILENCE: Duration = Duration::from_secs(60 * 60);

impl Session {
    /// Waits until a message comes to or leaves the open folder; false when none did until then.
    pub async fn idle(&mut self, cx: &Cx<'_>, until: Timestamp) -> Result<bool, Error> {
        let permit = cx.limiter.admit(crate::BUCKET, cx.lane, cx.clock).await?;
        let tag = self.next_tag();
        let begun = self.line.send(NAME, format!("{tag} {NAME}\r\n").as_bytes(), cx.timeout).await;
        cx.limiter.lost(permit, cx.clock.now());
        begun?;
        let mut news = false;
        while !news {
            let answer = tokio::select! {
                answer = self.line.answer(NAME, SILENCE) => answer?,
                () = cx.clock.sleep_until(until) => break,
            };
            news = match answer {
                Response::Data(data) => is_news(&data),
                Response::Said { state: state @ State::Bye, code, text }
                | Response::Done { state, code, text, .. } => {
                    return Err(refusal::of(NAME, state, code.as_ref(), &text));
                }
                Response::Said { .. } | Response::Go(_) => false,
            };
        }
        self.line.send(NAME, b"DONE\r\n", cx.timeout).await?;
        loop {
            // What comes between is news as well: the next wait would not be told of it again.
            match self.line.answer(NAME, cx.timeout).await? {
                Response::Done { state: State::Ok, .. } => return Ok(news),
                Response::Data(data) => news |= is_news(&data),
                Response::Said { state: state @ State::Bye, code, text }
                | Response::Done { state, code, text, .. } => {
                    return Err(refusal::of(NAME, state, code.as_ref(), &text));
                }
                Response::Said { .. } | Response::Go(_) => {}
            }
        }
    }
}

const fn is_news(data: &Data) -> bool {
    matches!(data, Data::Exists(_) | Data::Left | Data::Vanished(_))
}
