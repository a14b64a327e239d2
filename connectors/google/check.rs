//! Who are we, and what is granted here. Reads only.

use crate::{Google, calls::profile::GetProfile};
use connect::{Account, Cx, Error, ErrorKind, Grant};
use model::{Kind, Stream};

impl Google {
    pub(crate) async fn account(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let mut account = Account { name: "Google account".to_owned(), ..Account::default() };
        let profile = granted(cx.send(&GetProfile).await, &mut account, Kind::Email)?;
        if let Some(profile) = profile {
            account.name = format!("Google account {}", profile.email_address);
            account.sizes.push((Kind::Email, profile.messages_total));
        }
        let calendars = granted(self.calendars(cx).await, &mut account, Kind::Meeting)?;
        if let Some(calendars) = calendars {
            let own = calendars.iter().find(|calendar| calendar.primary).or(calendars.first());
            account.zone = own.and_then(|calendar| calendar.time_zone.clone());
            let granted = calendars.iter().any(super::calls::calendars::Entry::writable);
            let missing = "a calendar that this user may change".to_owned();
            account.grants.push(Grant {
                what: "write events".to_owned(),
                stream: None,
                granted,
                missing: (!granted).then_some(missing),
            });
        }
        Ok(account)
    }
}

/// Notes whether a stream is granted.
fn granted<T>(read: Result<T, Error>, account: &mut Account, stream: Stream) -> Result<Option<T>, Error> {
    let (out, missing) = match read {
        Ok(out) => (Some(out), None),
        Err(Error { kind: ErrorKind::Forbidden { missing }, .. }) => {
            let why = if missing.is_empty() { "a permission".to_owned() } else { missing.join(", ") };
            (None, Some(format!("{why}: connect again and grant all that is asked for")))
        }
        Err(error) => return Err(error),
    };
    let what = format!("read {}", stream.plural());
    account.grants.push(Grant { what, stream: Some(stream), granted: missing.is_none(), missing });
    Ok(out)
}
