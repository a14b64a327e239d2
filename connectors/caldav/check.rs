//! Who we are at a calendar server and what is granted there.

use crate::{
    Caldav,
    calls::who::{Answer, Who},
    ical::Component,
};
use connect::{Account, Cx, Error, Grant};
use model::Kind;

impl Caldav {
    pub(crate) async fn account(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let place = self.place(cx).await?;
        let collections = self.collections(cx, true).await?;
        let host = cx.base.host_str().unwrap_or("the server");
        let whom = place.principal.as_deref().unwrap_or("calendars");
        let mut account = Account {
            name: format!("{whom} at {host}"),
            zone: self.options.zone.clone(),
            ..Account::default()
        };
        if let Some(path) = place.paths.first()
            && let Answer::Found(found) = cx.send(&Who { path, host: cx.base.host_str() }).await?
        {
            account.clock = found.at;
        }
        for (kind, component) in [(Kind::Meeting, Component::Event), (Kind::Task, Component::Todo)] {
            let read = format!("read {}", kind.plural());
            account.grants.push(Grant { what: read, stream: Some(kind), granted: true, missing: None });
            let writable = collections.iter().any(|one| one.takes(component) && one.writable);
            let missing =
                (!writable).then(|| format!("no calendar that takes {} may be written", component.name()));
            let what = format!("write {}", kind.plural());
            account.grants.push(Grant { what, stream: None, granted: writable, missing });
        }
        Ok(account)
    }
}
