//! Puts a configured connection together: connector, limits, credentials, schedules.

use crate::{
    granted::Granted,
    kept::Kept,
    keys::Keys,
    link::Link,
    provider::Provider,
    schedule::Schedule,
    settings::{AuthKind, Connection, Every, Keeper, Settings},
};
use anyhow::{Context, anyhow, bail};
use connect::{Auth, Dial, Limiter, Maker, Options, Transport};
use model::{Kind, Stream, WriteKind};
use std::{path::Path, sync::Arc};

/// The ways out of this process, shared by all connections.
#[derive(Clone)]
pub struct Ways {
    /// HTTP.
    pub transport: Arc<dyn Transport>,
    /// Everything else.
    pub dial: Arc<dyn Dial>,
}

/// All enabled connections. One that can't be put together is an error: it is a matter of configuration, since
/// secrets and the vendor are not asked before the first call.
pub fn links(
    settings: &Settings,
    makers: &[Maker],
    data: &Path,
    ways: &Ways,
) -> anyhow::Result<Vec<Arc<Link>>> {
    let enabled = settings.connection.iter().filter(|connection| connection.enabled);
    let link = |connection| {
        let made = link(connection, settings, makers, data, ways);
        made.map(Arc::new).with_context(|| format!("connection {:?}", Connection::id(connection)))
    };
    let links: Vec<Arc<Link>> = enabled.map(link).collect::<anyhow::Result<_>>()?;
    for route in settings.route.iter().filter(|route| route.enabled) {
        let carrier = links.iter().find(|link| link.id.as_str() == route.via);
        let can = |link: &Arc<Link>| {
            link.connector.describe().capabilities.writes.iter().any(|(kind, _)| *kind == WriteKind::Notify)
        };
        if carrier.is_some_and(|link| !can(link)) {
            bail!(
                "route {:?}: {:?} carries no messages; a connection with vendor = \"smtp\" does",
                route.id,
                route.via
            );
        }
    }
    Ok(links)
}

/// One connection.
pub fn link(
    connection: &Connection,
    settings: &Settings,
    makers: &[Maker],
    data: &Path,
    ways: &Ways,
) -> anyhow::Result<Link> {
    let maker = makers.iter().find(|maker| maker.vendor == connection.vendor);
    let maker = maker.with_context(|| {
        let known: Vec<&str> = makers.iter().map(|maker| maker.vendor).collect();
        format!("{:?} is not a vendor that this program knows: {}", connection.vendor, known.join(", "))
    })?;
    let provider = Provider::of(maker)?;
    let base = connection.base_url.clone().or_else(|| provider.base_url.clone());
    let base = base.ok_or_else(|| anyhow!("`base_url` is missing: where is your {}?", maker.vendor))?;
    let extra = connection.options.0.clone();
    let options = Options { connection: connection.id(), extra, timeout: connection.timeout.0 };
    let connector = (maker.make)(&options)?;
    let auth = auth(connection, provider, Keys::new(connection, data))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, 0 to 1")]
    let reserve = (connection.reserve.0 * 100.0) as u32;
    let zone = &settings.organization.zone.0;
    let schedule = |every: &Every| Schedule { every: every.clone(), zone: zone.clone() };
    let streams = streams(connection, connector.describe());
    Ok(Link {
        id: connection.id(),
        limiter: Arc::new(Limiter::of(connector.describe(), reserve)),
        connector,
        base,
        transport: ways.transport.clone(),
        dial: ways.dial.clone(),
        auth,
        timeout: connection.timeout.0,
        mode: connection.mode,
        streams: streams.into_iter().map(|stream| (stream, schedule(connection.every(stream)))).collect(),
        census: schedule(&connection.sweep),
        audit: schedule(&connection.audit),
        audit_slices: connection.audit_slices,
        account: std::sync::Mutex::default(),
    })
}

/// How the connection's calls are signed.
fn auth(connection: &Connection, provider: Provider, keys: Keys) -> anyhow::Result<Arc<dyn Auth>> {
    Ok(match provider.auth(connection) {
        AuthKind::Token => Arc::new(Kept::token(keys)),
        AuthKind::Password => {
            let user = connection.user.as_deref().filter(|user| !user.is_empty());
            Arc::new(Kept::password(keys, user.context("`user` is missing: whose password is it?")?))
        }
        AuthKind::Oauth => {
            if matches!(connection.secret, Keeper::Env | Keeper::Credential) {
                bail!("tokens that are renewed have to be stored: set `secret = \"keyring\"` or `\"file\"`");
            }
            Arc::new(Granted::new(provider.app(connection)?, keys))
        }
    })
}

/// The streams asked for, or all that the connector reads, in the order in which a first sync reads them.
fn streams(connection: &Connection, can: &connect::Descriptor) -> Vec<Stream> {
    let reads = |kind: &Kind| can.capabilities.reads.iter().any(|(stream, _)| stream == kind);
    let wanted = |kind: &Kind| connection.streams.is_empty() || connection.streams.contains(kind);
    Kind::ALL.into_iter().filter(reads).filter(wanted).collect()
}
