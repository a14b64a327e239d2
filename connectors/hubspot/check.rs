//! Who are we, and what is granted here. Reads only.

use crate::{
    HubSpot,
    calls::{account::Details, labels, labels::Labels},
    fields::Object,
};
use connect::{Account, Cx, Error, ErrorKind, Grant};
use model::{Kind, Stream};

impl HubSpot {
    pub(crate) async fn account(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let details = self.send(cx, &Details { api: &self.settings.api }).await?;
        if let Some(zone) = &details.zone {
            cx.limiter.set_day_zone(zone);
        }
        self.learnt().zone.clone_from(&details.zone);
        let mut account = Account {
            name: format!("HubSpot portal {}", details.portal),
            zone: details.zone,
            currency: details.currency.and_then(|code| code.parse().ok()),
            budget: details.budget,
            clock: details.date,
            ..Account::default()
        };
        for stream in Kind::ALL {
            self.stream(cx, stream, &mut account).await?;
        }
        for kind in [Kind::Task, Kind::Note] {
            self.creations(cx, self.object(kind)?, &mut account).await?;
        }
        Ok(account)
    }

    /// One small read of a stream: is it granted, and how much is there?
    async fn stream(&self, cx: &Cx<'_>, stream: Stream, account: &mut Account) -> Result<(), Error> {
        let size = match stream {
            Kind::Owner | Kind::Pipeline => {
                let page = self.whole(cx, stream, &model::Pass::Census, None).await;
                page.map(|page| page.changes.len() as u64)
            }
            _ => self.total(cx, self.object(stream)?).await,
        };
        let missing = match size {
            Ok(size) => {
                account.sizes.push((stream, size));
                None
            }
            Err(Error { kind: ErrorKind::Forbidden { missing }, .. }) => {
                let scopes = if missing.is_empty() { "a permission".to_owned() } else { missing.join(", ") };
                Some(format!("{scopes}: grant it in HubSpot to this app, then connect again"))
            }
            Err(error) => return Err(error),
        };
        let what = format!("read {}", stream.plural());
        account.grants.push(Grant { what, stream: Some(stream), granted: missing.is_none(), missing });
        Ok(())
    }

    /// The ids of association types that we would write, and what keeps a creation from happening twice.
    async fn creations(&self, cx: &Cx<'_>, object: &Object, account: &mut Account) -> Result<(), Error> {
        for beside in [Kind::Contact, Kind::Company, Kind::Deal] {
            let call = Labels { api: &self.settings.api, from: object.kind, to: beside };
            match self.send(cx, &call).await {
                Ok(Some(id)) if Some(id) != labels::published(object.kind, beside) => {
                    tracing::warn!(connection = %self.connection, from = object.name, to = %beside, id, "association type differs from the published one");
                    self.learnt().types.insert((object.kind, beside), id);
                }
                Ok(_) | Err(Error { kind: ErrorKind::Forbidden { .. } | ErrorKind::NotFound, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let keyed = self.settings.key_property && self.probe_key(cx, object, false).await?;
        if keyed {
            self.learnt().keys.insert(object.kind, true);
        }
        let missing = "the unique property so_key is made with the first one where the account allows it; until then a marker in the text";
        let what = format!("HubSpot itself refuses a second creation of the same of our {}", object.name);
        account.grants.push(Grant {
            what,
            stream: None,
            granted: keyed,
            missing: (!keyed).then(|| missing.to_owned()),
        });
        Ok(())
    }
}
