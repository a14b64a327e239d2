//! Who we are at a server, and what it offers.

use crate::{Imap, session::Session};
use connect::{Account, Cx, Error, ErrorKind, Grant};
use model::Kind;

/// What makes increments cheap and prompt; without it they are right all the same.
const EXTRAS: [(&str, &str, &str); 3] = [
    ("CONDSTORE", "learn of changed flags", "the server has no CONDSTORE: the audit finds them"),
    ("QRESYNC", "be told of deletions", "the server has no QRESYNC: what left is found by comparing UIDs"),
    ("IDLE", "be told of new mail at once", "the server has no IDLE: new mail is found at the next poll"),
];

impl Imap {
    pub(crate) async fn account(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let login = cx.auth.login(cx).await?;
        let mut session = Session::open(cx).await?;
        let host = cx.base.host_str().unwrap_or("the server");
        let mut account = Account { name: format!("{} at {host}", login.user), ..Account::default() };
        let (missing, size) = match self.size(cx, &mut session).await {
            Ok(size) => (None, Some(size)),
            Err(error) if matches!(error.kind, ErrorKind::Forbidden { .. } | ErrorKind::Config) => {
                (Some(error.detail), None)
            }
            Err(error) => return Err(error),
        };
        account.sizes.extend(size.map(|size| (Kind::Email, size)));
        let granted = missing.is_none();
        account.grants.push(Grant {
            what: "read emails".to_owned(),
            stream: Some(Kind::Email),
            granted,
            missing,
        });
        for (capability, what, without) in EXTRAS {
            let granted =
                session.offers(capability) || capability == "CONDSTORE" && session.offers("QRESYNC");
            let missing = (!granted).then(|| without.to_owned());
            account.grants.push(Grant { what: what.to_owned(), stream: None, granted, missing });
        }
        self.pool.put(session);
        Ok(account)
    }

    /// Messages in the folders that are read, drafts and double ones included.
    async fn size(&self, cx: &Cx<'_>, session: &mut Session) -> Result<u64, Error> {
        let mut size = 0;
        for folder in self.wanted(cx, session, true).await? {
            let numbers = match folder.numbers {
                Some(numbers) => Some(numbers),
                None => session.numbers(cx, &folder.name).await?,
            };
            size += numbers.map_or(0, |numbers| u64::from(numbers.exists));
        }
        Ok(size)
    }
}
