//! Connectors that do one thing wrong.

use async_trait::async_trait;
use connect::{Account, Applied, Connector, Cx, Descriptor, Error, ErrorKind, Landing, Page, Position};
use model::{Change, Cursor, Pass, Stream, Timestamp, Write};
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
pub enum Defect {
    LosesARecord,
    LosesTheLastOfAPage,
    ForgetsEdits,
    CallsACutListComplete,
    TakesAnyCursor,
    AppliesTwice,
    FindsNothing,
    SaysAbsentAtOnce,
    OverwritesPeople,
    TakesForbiddenForDisconnected,
}

/// Each with a check that must fail.
pub const ALL: [(Defect, &str); 10] = [
    (Defect::LosesARecord, "a_full_pass_equals_the_source"),
    (Defect::LosesTheLastOfAPage, "increments_cross_pages_of_equal_times"),
    (Defect::ForgetsEdits, "increments_find_every_edit"),
    (Defect::CallsACutListComplete, "a_listing_cut_short_is_never_complete"),
    (Defect::TakesAnyCursor, "an_unknown_cursor_begins_a_full_pass"),
    (Defect::AppliesTwice, "every_write_happens_once_and_is_found"),
    (Defect::FindsNothing, "every_write_happens_once_whatever_goes_wrong"),
    (Defect::SaysAbsentAtOnce, "absence_is_told_only_after_the_lag"),
    (Defect::OverwritesPeople, "what_a_person_changed_is_not_overwritten"),
    (Defect::TakesForbiddenForDisconnected, "one_forbidden_stream_leaves_the_others"),
];

pub struct Wrong(pub Arc<dyn Connector>, pub Defect);

#[async_trait]
impl Connector for Wrong {
    fn describe(&self) -> &Descriptor {
        self.0.describe()
    }
    async fn check(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        self.0.check(cx).await
    }
    async fn poll(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let polled = self.0.poll(cx, stream, pass, from).await;
        let nothing = |complete| {
            let cursor = Cursor { version: 1, body: "{}".to_owned() };
            Ok(Page { changes: Vec::new(), position: Position::CaughtUp { cursor, complete } })
        };
        match (self.1, polled) {
            (Defect::CallsACutListComplete, Err(_)) => nothing(true),
            (Defect::TakesAnyCursor, Err(error)) if error.kind == ErrorKind::CursorExpired => nothing(false),
            (Defect::TakesForbiddenForDisconnected, Err(error)) => {
                Err(Error { kind: ErrorKind::NotConnected, ..error })
            }
            (Defect::LosesARecord, Ok(mut page)) if *pass == Pass::Full => {
                page.changes.pop();
                Ok(page)
            }
            (Defect::LosesTheLastOfAPage, Ok(mut page)) if *pass == Pass::Since => {
                if matches!(page.position, Position::More(_)) {
                    page.changes.pop();
                }
                Ok(page)
            }
            (Defect::ForgetsEdits, Ok(mut page)) if *pass == Pass::Since => {
                page.changes.retain(|change| !matches!(change, Change::Seen(_)));
                Ok(page)
            }
            (_, polled) => polled,
        }
    }
    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        match self.1 {
            Defect::AppliesTwice => {
                self.0.apply(cx, write).await?;
                self.0.apply(cx, write).await
            }
            Defect::OverwritesPeople => {
                self.0.apply(cx, &Write { expects: Vec::new(), ..write.clone() }).await
            }
            _ => self.0.apply(cx, write).await,
        }
    }
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        match self.1 {
            Defect::FindsNothing => Ok(Landing::Absent),
            Defect::SaysAbsentAtOnce => self.0.find(cx, write, Timestamp::default()).await,
            _ => self.0.find(cx, write, sent).await,
        }
    }
}
