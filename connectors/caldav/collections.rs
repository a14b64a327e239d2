//! Finding the calendars: the base URL may be the host, our principal, our home or one calendar.

use crate::{
    Caldav,
    calls::{
        list::{Collection, List},
        who::{Answer, Found, Who},
    },
    path,
};
use connect::{Cx, Error, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

const WELL_KNOWN: &str = "/.well-known/caldav";
/// Redirects and principals that are followed before giving up.
const STEPS: usize = 4;

/// Where calendars are. It stays the same, so it is found out once; what they hold is asked for at every pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Homes, or the one calendar.
    pub paths: Vec<String>,
    /// It is the one calendar.
    pub single: bool,
    /// Who we are there.
    pub principal: Option<String>,
}

/// What this instance has found out.
#[derive(Default)]
pub struct Known {
    place: Mutex<Option<Arc<Place>>>,
    collections: Mutex<Option<Arc<Vec<Collection>>>>,
}

impl Caldav {
    /// The calendars of this connection, in the order of their paths. `anew` asks the server.
    pub(crate) async fn collections(&self, cx: &Cx<'_>, anew: bool) -> Result<Arc<Vec<Collection>>, Error> {
        let known = self.known.collections.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(known), false) = (known, anew) {
            return Ok(known);
        }
        let found = Arc::new(self.list(cx).await?);
        *self.known.collections.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    async fn list(&self, cx: &Cx<'_>) -> Result<Vec<Collection>, Error> {
        let place = self.place(cx).await?;
        let mut found = Vec::new();
        for home in &place.paths {
            found.extend(cx.send(&List { path: home, single: place.single }).await?);
        }
        let wanted = &self.options.calendars;
        let named = |wanted: &str, one: &Collection| {
            let path = path::canonical(wanted).unwrap_or_default();
            one.name == wanted || one.path.trim_end_matches('/') == path.trim_end_matches('/')
        };
        if let Some(missing) = wanted.iter().find(|wanted| !found.iter().any(|one| named(wanted, one))) {
            let there: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
            let detail = format!("there is no calendar {missing:?}; there are: {}", there.join(", "));
            return Err(Error::answered(ErrorKind::Config, detail));
        }
        found.retain(|one| wanted.is_empty() || wanted.iter().any(|wanted| named(wanted, one)));
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found.dedup_by(|a, b| a.path == b.path);
        Ok(found)
    }

    /// Where our calendars are.
    pub(crate) async fn place(&self, cx: &Cx<'_>) -> Result<Arc<Place>, Error> {
        let known = self.known.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Arc::new(search(cx).await?);
        *self.known.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }
}

/// From the base URL, else from the host's well-known place, to the homes.
async fn search(cx: &Cx<'_>) -> Result<Place, Error> {
    let base = path::canonical(cx.base.path()).unwrap_or_else(|| "/".to_owned());
    // A path that is not ours may be forbidden rather than absent.
    let forbidden = match follow(cx, &base).await {
        Ok(Some(place)) => return Ok(place),
        Ok(None) => None,
        Err(error) if matches!(error.kind, ErrorKind::Forbidden { .. }) => Some(error),
        Err(error) => return Err(error),
    };
    match (follow(cx, WELL_KNOWN).await, forbidden) {
        (Ok(Some(place)), _) => return Ok(place),
        (Ok(None) | Err(_), Some(error)) | (Err(error), None) => return Err(error),
        (Ok(None), None) => {}
    }
    let detail = format!(
        "no calendars are found at {base}: set base_url to the address that the provider gives for CalDAV"
    );
    Err(Error::answered(ErrorKind::Config, detail))
}

async fn follow(cx: &Cx<'_>, from: &str) -> Result<Option<Place>, Error> {
    let (mut at, mut principal) = (from.to_owned(), None);
    for _ in 0..STEPS {
        match cx.send(&Who { path: &at, host: cx.base.host_str() }).await? {
            Answer::Elsewhere(to) => at = to,
            Answer::Found(found) if found.calendar => {
                return Ok(Some(Place { paths: vec![at], single: true, principal: found.principal }));
            }
            Answer::Found(Found { homes, principal: named, .. }) if !homes.is_empty() => {
                return Ok(Some(Place { paths: homes, single: false, principal: named.or(principal) }));
            }
            Answer::Found(Found { principal: Some(named), .. })
                if principal.as_deref() != Some(named.as_str()) =>
            {
                at.clone_from(&named);
                principal = Some(named);
            }
            Answer::Found(_) | Answer::Nothing => return Ok(None),
        }
    }
    Ok(None)
}
