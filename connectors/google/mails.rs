//! The stream of mails: full pass over the list, increments from the history.

use crate::{
    Google,
    calls::{
        history::{History, Step},
        message::Get,
        messages::{Ids, List},
        profile::GetProfile,
    },
    cursor::{MailHistory, MailList, Place, expired},
    errors::garbled,
    letter::{DISCARDED, DRAFT},
};
use connect::{Cx, Error, ErrorKind, Page, Position};
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture, stream};
use model::{Change, Cursor, ExternalRef, Gone, GoneHow, Kind};
use std::collections::{BTreeSet, HashSet};

/// Mails of one page, each to be read by itself.
const READ: usize = 50;
/// Ids of one page where nothing is read.
const NAMED: usize = 500;

impl Google {
    /// Everything that is not a draft and not thrown away, newest first.
    pub(crate) async fn mails(&self, cx: &Cx<'_>, from: Option<&Cursor>) -> Result<Page, Error> {
        let mut place = self.begin(cx, from).await?;
        let ids = self.named(cx, &mut place, READ).await?;
        let changes = self.read_mails(cx, &ids, false).await?;
        let start = MailHistory { start: place.history.clone(), walk: None };
        Ok(Page { changes, position: ended(place, &Place::History(start), true) })
    }

    /// Ids alone; also for an audit, because a mail never changes.
    pub(crate) async fn mail_ids(
        &self,
        cx: &Cx<'_>,
        slice: Option<(u32, u32)>,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let mut place = self.begin(cx, from).await?;
        let drafts = self.drafts(cx).await?;
        let mut ids = self.named(cx, &mut place, NAMED).await?;
        ids.retain(|id| !drafts.contains(id) && slice.is_none_or(|(slice, of)| self.falls(id, slice, of)));
        let changes = ids.iter().map(|id| Change::Exists(self.mail(id))).collect();
        Ok(Page { changes, position: ended(place, &Place::Over, slice.is_none()) })
    }

    /// What happened since.
    pub(crate) async fn mail_news(&self, cx: &Cx<'_>, from: Option<&Cursor>) -> Result<Page, Error> {
        let Some(Place::History(mut place)) = from.and_then(Place::read) else { return Err(expired()) };
        let page = place.walk.as_ref().map(|(page, _)| page.as_str());
        let answer = cx.send(&History { start: &place.start, page }).await?;
        let (fetch, mut gone) = sorted(&answer.history);
        let mut changes = self.read_mails(cx, &fetch, true).await?;
        gone.retain(|id| !fetch.contains(id));
        changes.extend(gone.iter().map(|id| self.gone(cx, id, GoneHow::Deleted)));
        // What happens during the walk may be missing from its later pages.
        let began = place.walk.take().map_or(answer.history_id, |(_, began)| began);
        let position = match answer.next_page_token {
            Some(next) if Some(next.as_str()) == from_page(from).as_deref() => {
                return Err(garbled("google.history", "its page token does not advance"));
            }
            Some(next) => {
                place.walk = Some((next, began));
                Position::More(Place::History(place).cursor())
            }
            None => {
                let cursor = Place::History(MailHistory { start: began, walk: None }).cursor();
                Position::CaughtUp { cursor, complete: false }
            }
        };
        Ok(Page { changes, position })
    }

    /// Just these; what is not there, thrown away or a draft is gone.
    pub(crate) async fn these_mails(
        &self,
        cx: &Cx<'_>,
        ids: &[Box<str>],
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let done = match from.and_then(Place::read) {
            Some(Place::These { done }) => done,
            _ => 0,
        };
        let rest = ids.get(done..).unwrap_or_default();
        let now: Vec<String> = rest.iter().take(READ).map(ToString::to_string).collect();
        let changes = self.read_mails(cx, &now, true).await?;
        Ok(Page { changes, position: crate::next_of_these(done, now.len(), rest.len()) })
    }

    async fn begin(&self, cx: &Cx<'_>, from: Option<&Cursor>) -> Result<MailList, Error> {
        if let Some(Place::Mails(place)) = from.and_then(Place::read) {
            return Ok(place);
        }
        // Before the list: what happens meanwhile is then seen twice rather than never.
        let profile = cx.send(&GetProfile).await?;
        Ok(MailList { history: profile.history_id, page: None })
    }

    /// One page of the list; moves the place on.
    async fn named(&self, cx: &Cx<'_>, place: &mut MailList, most: usize) -> Result<Vec<String>, Error> {
        let page = place.page.as_deref();
        let call = List { page, most, after: self.settings.since, label: None };
        let Ids { messages, next_page_token } = cx.send(&call).await?;
        if next_page_token.is_some() && next_page_token == place.page {
            return Err(garbled("google.messages", "its page token does not advance"));
        }
        place.page = next_page_token;
        Ok(messages.into_iter().map(|named| named.id).collect())
    }

    /// Drafts stand in the list like mails, and the list alone does not tell them.
    async fn drafts(&self, cx: &Cx<'_>) -> Result<HashSet<String>, Error> {
        let (mut drafts, mut page) = (HashSet::new(), None::<String>);
        loop {
            let call = List { page: page.as_deref(), most: NAMED, after: None, label: Some(DRAFT) };
            let ids = cx.send(&call).await?;
            drafts.extend(ids.messages.into_iter().map(|named| named.id));
            match ids.next_page_token {
                Some(next) if Some(&next) != page.as_ref() => page = Some(next),
                _ => return Ok(drafts),
            }
        }
    }

    /// Reads mails, a bounded number at a time and in order. `strict`: one that is no mail (any more) is gone;
    /// else it is passed over.
    async fn read_mails(&self, cx: &Cx<'_>, ids: &[String], strict: bool) -> Result<Vec<Change>, Error> {
        let work: Vec<BoxFuture<'_, Result<Option<Change>, Error>>> =
            ids.iter().map(|id| -> BoxFuture<'_, _> { Box::pin(self.read_mail(cx, id, strict)) }).collect();
        let read: Vec<Option<Change>> =
            stream::iter(work).buffered(self.settings.parallel).try_collect().await?;
        Ok(read.into_iter().flatten().collect())
    }

    async fn read_mail(&self, cx: &Cx<'_>, id: &str, strict: bool) -> Result<Option<Change>, Error> {
        let message = match cx.send(&Get { id, full: self.settings.signals }).await {
            Ok(message) => message,
            // Gone between the list and now, which is no trouble of the list.
            Err(Error { kind: ErrorKind::NotFound, .. }) => {
                return Ok(strict.then(|| self.gone(cx, id, GoneHow::Deleted)));
            }
            Err(error) => return Err(error),
        };
        if message.is(&[DRAFT]) {
            return Ok(strict.then(|| self.gone(cx, id, GoneHow::Deleted)));
        }
        if message.is(&DISCARDED) {
            return Ok(strict.then(|| self.gone(cx, id, GoneHow::Archived)));
        }
        Ok(Some(message.change(&self.connection, self.settings.signals)))
    }

    fn mail(&self, id: &str) -> ExternalRef {
        ExternalRef::new(&self.connection, Kind::Email, id)
    }

    fn gone(&self, cx: &Cx<'_>, id: &str, how: GoneHow) -> Change {
        Change::Gone(Gone { reference: self.mail(id), how, at: cx.clock.now() })
    }
}

fn from_page(from: Option<&Cursor>) -> Option<String> {
    match from.and_then(Place::read) {
        Some(Place::History(MailHistory { walk: Some((page, _)), .. })) => Some(page),
        _ => None,
    }
}

fn ended(place: MailList, then: &Place, complete: bool) -> Position {
    if place.page.is_some() {
        return Position::More(Place::Mails(place).cursor());
    }
    Position::CaughtUp { cursor: then.cursor(), complete }
}

/// Which mails to read because of these steps, and which were deleted. What a mail is now is always asked, so the
/// order of the steps does not matter.
fn sorted(steps: &[Step]) -> (Vec<String>, Vec<String>) {
    let matters = |label: &String| label == DRAFT || DISCARDED.contains(&label.as_str());
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let mut gone: BTreeSet<&str> = BTreeSet::new();
    for step in steps {
        for added in &step.messages_added {
            // Drafts and spam become mails by losing the label, which is a step of its own.
            if !added.message.label_ids.iter().any(matters) {
                read.insert(&added.message.id);
            }
        }
        for touched in step.labels_added.iter().chain(&step.labels_removed) {
            if touched.label_ids.iter().any(matters) {
                read.insert(&touched.message.id);
            }
        }
        for deleted in &step.messages_deleted {
            read.remove(deleted.message.id.as_str());
            gone.insert(&deleted.message.id);
        }
    }
    let owned = |ids: BTreeSet<&str>| ids.into_iter().map(str::to_owned).collect();
    (owned(read), owned(gone))
}
