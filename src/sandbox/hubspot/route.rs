//! Addresses: both path schemes lead to the same endpoints.

use super::associations::batch::Pair;
use super::kinds::Kind;
use super::request::Ask;
use http::Method;

/// An endpoint with what its address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    List(Kind),
    Get(Kind, String),
    Create(Kind),
    Update(Kind, String),
    Archive(Kind, String),
    Merge(Kind),
    Purge(Kind),
    Search(Kind),
    BatchRead(Kind),
    BatchCreate(Kind),
    BatchUpdate(Kind),
    BatchUpsert(Kind),
    BatchArchive(Kind),
    Associated(Kind, String, Kind),
    AssociateDefault((Kind, String), (Kind, String)),
    Associate((Kind, String), (Kind, String)),
    Dissociate((Kind, String), (Kind, String)),
    PairRead(Pair),
    PairCreate(Pair),
    PairDefault(Pair),
    PairArchive(Pair),
    PairArchiveLabels(Pair),
    Labels(Kind, Kind),
    Owners,
    Owner(String),
    Pipelines(Kind, Vec<String>),
    Properties(Kind),
    Property(Kind, String),
    NewProperty(Kind),
    Groups(Kind),
    NewGroup(Kind),
    Details,
    Usage,
    Authorize,
    Token,
    TokenInfo(String),
    Introspect,
    Revoke,
}

impl Ask {
    /// The endpoint family of the request.
    pub fn family(&self) -> &'static str {
        Route::of(self).map_or("unknown", |route| route.family())
    }
}

fn is_version(segment: &str) -> bool {
    matches!(segment, "v1" | "v3" | "v4" | "2026-03" | "2026-09")
}

impl Route {
    pub fn of(ask: &Ask) -> Option<Self> {
        let segments: Vec<&str> = ask.segments.iter().map(String::as_str).collect();
        let m = &ask.method;
        match segments.as_slice() {
            // Numbered: /crm/v3/objects/...; date-based: /crm/objects/2026-03/...
            ["crm", v, area, rest @ ..] if is_version(v) => Self::crm(m, area, *v == "v3", rest),
            ["crm", area, v, rest @ ..] if is_version(v) => Self::crm(m, area, false, rest),
            ["oauth", "authorize"] if *m == Method::GET => Some(Self::Authorize),
            ["oauth", v, rest @ ..] if is_version(v) => Self::oauth(m, rest),
            ["account-info", v, rest @ ..] if is_version(v) && *m == Method::GET => match rest {
                ["details"] => Some(Self::Details),
                ["api-usage", "daily", "private-apps"] | ["api-usage", "daily"] => Some(Self::Usage),
                _ => None,
            },
            _ => None,
        }
    }

    fn crm(m: &Method, area: &str, v3: bool, rest: &[&str]) -> Option<Self> {
        match (area, rest) {
            ("objects", [kind, rest @ ..]) => {
                let kind = Kind::named(kind)?;
                Self::objects(m, kind, rest).or_else(|| Self::of_one(m, kind, rest))
            }
            ("associations", [from, to, rest @ ..]) => {
                let pair = Pair { from: Kind::named(from)?, to: Kind::named(to)?, v3 };
                Self::associations(m, pair, rest)
            }
            ("owners", []) if *m == Method::GET => Some(Self::Owners),
            ("owners", [id]) if *m == Method::GET => Some(Self::Owner((*id).to_owned())),
            ("pipelines", [kind, rest @ ..]) if *m == Method::GET => {
                Some(Self::Pipelines(Kind::named(kind)?, rest.iter().map(|s| (*s).to_owned()).collect()))
            }
            ("properties", [kind, rest @ ..]) => Self::properties(m, Kind::named(kind)?, rest),
            _ => None,
        }
    }

    fn objects(m: &Method, kind: Kind, rest: &[&str]) -> Option<Self> {
        Some(match (m.as_str(), rest) {
            ("GET", []) => Self::List(kind),
            ("POST", []) => Self::Create(kind),
            ("POST", ["search"]) => Self::Search(kind),
            ("POST", ["merge"]) => Self::Merge(kind),
            ("POST", ["gdpr-delete"]) => Self::Purge(kind),
            ("POST", ["batch", "read"]) => Self::BatchRead(kind),
            ("POST", ["batch", "create"]) => Self::BatchCreate(kind),
            ("POST", ["batch", "update"]) => Self::BatchUpdate(kind),
            ("POST", ["batch", "upsert"]) => Self::BatchUpsert(kind),
            ("POST", ["batch", "archive"]) => Self::BatchArchive(kind),
            ("GET", [id]) => Self::Get(kind, (*id).to_owned()),
            ("PATCH", [id]) => Self::Update(kind, (*id).to_owned()),
            ("DELETE", [id]) => Self::Archive(kind, (*id).to_owned()),
            _ => return None,
        })
    }

    /// Below one record: its associations.
    fn of_one(m: &Method, kind: Kind, rest: &[&str]) -> Option<Self> {
        let node = |kind: &str, id: &str| Some((Kind::named(kind)?, id.to_owned()));
        Some(match (m.as_str(), rest) {
            ("GET", [id, "associations", to]) => Self::Associated(kind, (*id).to_owned(), Kind::named(to)?),
            ("PUT", [id, "associations", "default", to, to_id]) => {
                Self::AssociateDefault((kind, (*id).to_owned()), node(to, to_id)?)
            }
            ("PUT", [id, "associations", to, to_id]) => {
                Self::Associate((kind, (*id).to_owned()), node(to, to_id)?)
            }
            ("DELETE", [id, "associations", to, to_id]) => {
                Self::Dissociate((kind, (*id).to_owned()), node(to, to_id)?)
            }
            _ => return None,
        })
    }

    fn associations(m: &Method, pair: Pair, rest: &[&str]) -> Option<Self> {
        Some(match (m.as_str(), rest) {
            ("POST", ["batch", "read"]) => Self::PairRead(pair),
            ("POST", ["batch", "create"]) => Self::PairCreate(pair),
            ("POST", ["batch", "archive"]) => Self::PairArchive(pair),
            ("POST", ["batch", "associate", "default"]) => Self::PairDefault(pair),
            ("POST", ["batch", "labels", "archive"]) => Self::PairArchiveLabels(pair),
            ("GET", ["labels"]) => Self::Labels(pair.from, pair.to),
            _ => return None,
        })
    }

    fn properties(m: &Method, kind: Kind, rest: &[&str]) -> Option<Self> {
        Some(match (m.as_str(), rest) {
            ("GET", []) => Self::Properties(kind),
            ("POST", []) => Self::NewProperty(kind),
            ("GET", ["groups"]) => Self::Groups(kind),
            ("POST", ["groups"]) => Self::NewGroup(kind),
            ("GET", [name]) => Self::Property(kind, (*name).to_owned()),
            _ => return None,
        })
    }

    fn oauth(m: &Method, rest: &[&str]) -> Option<Self> {
        Some(match (m.as_str(), rest) {
            ("POST", ["token"]) => Self::Token,
            ("POST", ["token", "introspect"]) => Self::Introspect,
            ("POST", ["token", "revoke"]) => Self::Revoke,
            ("GET", ["access-tokens", token]) => Self::TokenInfo((*token).to_owned()),
            _ => return None,
        })
    }

    /// The name under which requests are counted.
    pub fn family(&self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Get(..) => "get",
            Self::Create(_) => "create",
            Self::Update(..) => "update",
            Self::Archive(..) => "archive",
            Self::Merge(_) => "merge",
            Self::Purge(_) => "purge",
            Self::Search(_) => "search",
            Self::BatchRead(_) => "batch/read",
            Self::BatchCreate(_) => "batch/create",
            Self::BatchUpdate(_) => "batch/update",
            Self::BatchUpsert(_) => "batch/upsert",
            Self::BatchArchive(_) => "batch/archive",
            Self::Associated(..) | Self::PairRead(_) | Self::Labels(..) => "associations/read",
            Self::AssociateDefault(..)
            | Self::Associate(..)
            | Self::Dissociate(..)
            | Self::PairCreate(_)
            | Self::PairDefault(_)
            | Self::PairArchive(_)
            | Self::PairArchiveLabels(_) => "associations/write",
            Self::Owners | Self::Owner(_) => "owners",
            Self::Pipelines(..) => "pipelines",
            Self::Properties(_)
            | Self::Property(..)
            | Self::NewProperty(_)
            | Self::Groups(_)
            | Self::NewGroup(_) => "properties",
            Self::Details | Self::Usage => "account",
            Self::Authorize | Self::Token | Self::TokenInfo(_) | Self::Introspect | Self::Revoke => "oauth",
        }
    }

    /// Called without a bearer token and outside the limits.
    pub fn is_open(&self) -> bool {
        self.family() == "oauth"
    }

    /// Scopes that are needed, all of them.
    pub fn scopes(&self) -> Vec<&'static str> {
        match self {
            Self::List(k) | Self::Get(k, _) | Self::Search(k) | Self::BatchRead(k) => vec![k.scope(false)],
            Self::Create(k)
            | Self::Update(k, _)
            | Self::Archive(k, _)
            | Self::Merge(k)
            | Self::Purge(k)
            | Self::BatchCreate(k)
            | Self::BatchUpdate(k)
            | Self::BatchUpsert(k)
            | Self::BatchArchive(k) => vec![k.scope(true)],
            Self::Associated(a, _, b) | Self::Labels(a, b) => vec![a.scope(false), b.scope(false)],
            Self::PairRead(p) => vec![p.from.scope(false), p.to.scope(false)],
            Self::AssociateDefault((a, _), (b, _))
            | Self::Associate((a, _), (b, _))
            | Self::Dissociate((a, _), (b, _)) => {
                vec![a.scope(true), b.scope(true)]
            }
            Self::PairCreate(p)
            | Self::PairDefault(p)
            | Self::PairArchive(p)
            | Self::PairArchiveLabels(p) => {
                vec![p.from.scope(true), p.to.scope(true)]
            }
            Self::Owners | Self::Owner(_) => vec!["crm.objects.owners.read"],
            Self::Pipelines(k, _) | Self::Properties(k) | Self::Property(k, _) | Self::Groups(k) => {
                vec![k.scope(false)]
            }
            Self::NewProperty(k) | Self::NewGroup(k) => vec![schema_write(*k)],
            Self::Details
            | Self::Usage
            | Self::Authorize
            | Self::Token
            | Self::TokenInfo(_)
            | Self::Introspect
            | Self::Revoke => Vec::new(),
        }
    }
}

fn schema_write(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "crm.schemas.companies.write",
        Kind::Deal => "crm.schemas.deals.write",
        Kind::Ticket => "tickets",
        Kind::Contact | Kind::Task | Kind::Note | Kind::Meeting | Kind::Call | Kind::Email => {
            "crm.schemas.contacts.write"
        }
    }
}
