//! Owners and pipelines: short lists without a search, read whole each time. A digest of the answer tells
//! whether anything is new.

use crate::{
    HubSpot,
    calls::{owners::Owners, pipelines::Pipelines},
    cursor::{Place, WholePlace},
    errors::garbled,
    read::above,
    view::Unread,
};
use connect::{Cx, Error, Page, Position};
use model::{Change, Cursor, Kind, Observed, Pass, Stream, hash};

type Items = Vec<Result<Observed, Unread>>;

impl HubSpot {
    pub(crate) async fn whole(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        if let Pass::Audit { slice: 1.., .. } = pass {
            // All of it is in the first slice.
            let position = Position::CaughtUp { cursor: Place::Over.cursor(), complete: false };
            return Ok(Page { changes: Vec::new(), position });
        }
        let mut items = match stream {
            Kind::Pipeline => {
                let call = Pipelines { api: &self.settings.api, connection: &self.connection };
                self.send(cx, &call).await?.items
            }
            _ => self.owners(cx, false).await?,
        };
        let place = WholePlace { digest: digest(&items) };
        let known = match from.and_then(Place::read) {
            Some(Place::Whole(known)) => Some(known),
            _ => None,
        };
        if *pass == Pass::Since && known.as_ref() == Some(&place) {
            // Whoever is deactivated leaves the list of the active ones, so the other list has no news either.
            let cursor = Place::Whole(place).cursor();
            return Ok(Page {
                changes: Vec::new(),
                position: Position::CaughtUp { cursor, complete: false },
            });
        }
        if stream == Kind::Owner {
            items.extend(self.owners(cx, true).await?);
        }
        let whole = items.iter().all(Result::is_ok);
        let changes = items.into_iter().filter_map(|item| self.as_change(stream, pass, item)).collect();
        let cursor = Place::Whole(place).cursor();
        let complete = whole && matches!(pass, Pass::Full | Pass::Census);
        Ok(Page { changes, position: Position::CaughtUp { cursor, complete } })
    }

    fn as_change(&self, stream: Stream, pass: &Pass, item: Result<Observed, Unread>) -> Option<Change> {
        let record = match item {
            Ok(record) => record,
            Err(unread) => return Some(self.unreadable(stream, unread)),
        };
        match pass {
            Pass::Full | Pass::Since | Pass::Audit { .. } => Some(Change::Seen(record)),
            Pass::Census => Some(Change::Exists(record.reference)),
            Pass::These(ids) => ids.contains(&record.reference.id).then(|| Change::Seen(record)),
        }
    }

    async fn owners(&self, cx: &Cx<'_>, archived: bool) -> Result<Items, Error> {
        let (mut items, mut after): (Items, Option<String>) = (Vec::new(), None);
        loop {
            let call = Owners {
                api: &self.settings.api,
                connection: &self.connection,
                archived,
                after: after.as_deref(),
            };
            let page = self.send(cx, &call).await?;
            items.extend(page.items);
            match (page.after, &after) {
                (None, _) => return Ok(items),
                (Some(next), Some(before)) if !above(&next, before) => {
                    return Err(garbled("hubspot.owners", "its cursor does not advance"));
                }
                (next, _) => after = next,
            }
        }
    }
}

/// Of all that was answered, in its order.
fn digest(items: &Items) -> String {
    let part = |item: &Result<Observed, Unread>| match item {
        Ok(record) => format!("{} {:?} {:?}", record.reference.id, record.version, record.fields),
        Err(unread) => unread.reason.clone(),
    };
    let parts: Vec<String> = items.iter().map(part).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    format!("{:032x}", u128::from_be_bytes(hash::digest(&parts)))
}
