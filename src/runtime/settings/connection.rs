//! `[[connection]]`: one account at one outside system.

use super::{
    Every, Share, Span,
    read::{Listed, Node, Setting, Sink, leaf, section},
    schema,
};
use model::{ConnectionId, DealOutcome, Kind, Mode, Stage, WriteKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use url::Url;

section! {
    /// One account at one outside system.
    pub struct Connection {
        /// Its name: appears in references, in `status` and in the name of its secret. Never change it later.
        pub id: String = String::new(),
        /// Vendor: `hubspot` or `odoo`.
        pub vendor: String = String::new(),
        /// Takes part.
        pub enabled: bool = true,
        /// What may be written: `observe` never writes, with `propose` writes wait for `apply`, `auto` writes.
        #[schemars(schema_with = "schema::mode")]
        pub mode: Mode = Mode::Propose,
        /// Base URL; the vendor's own when absent. For Odoo the address of the server.
        #[schemars(with = "Option<String>")]
        pub base_url: Option<Url> = None,
        /// How it signs in: a `token` that stays the same, `user` and `password`, or `oauth` with tokens that are
        /// renewed; the vendor's usual way when absent.
        pub auth: Option<AuthKind> = None,
        /// Who signs in, where the secret alone does not say it (IMAP, SMTP, CalDAV): often an address.
        pub user: Option<String> = None,
        /// Id of the application that access is granted to, with `oauth`; its secret is stored by `connect`.
        pub client_id: Option<String> = None,
        /// Where a person grants access, with `oauth`; the vendor's own when absent.
        #[schemars(with = "Option<String>")]
        pub authorize_url: Option<Url> = None,
        /// Where tokens are given out, with `oauth`; the vendor's own when absent.
        #[schemars(with = "Option<String>")]
        pub token_url: Option<Url> = None,
        /// What is asked for, with `oauth`; what the vendor's connector needs when empty.
        pub scopes: Vec<String> = Vec::new(),
        /// Where its secret is kept: `keyring`, encrypted `file`, `env`ironment, or systemd `credential`.
        pub secret: Keeper = Keeper::Keyring,
        /// Streams to read; empty means all that the vendor has.
        #[schemars(schema_with = "schema::streams")]
        pub streams: Vec<Kind> = Vec::new(),
        /// How often to ask for what changed.
        pub every: Every = Every::seconds(30),
        /// The same for single streams.
        #[schemars(schema_with = "schema::every_per_stream")]
        pub every_stream: BTreeMap<Kind, Every> = BTreeMap::new(),
        /// Share of the vendor's limits that is left to other programs of the account.
        pub reserve: Share = Share(0.2),
        /// How long one request may take.
        pub timeout: Span = Span::seconds(30),
        /// Most writes of a kind that one run of the daemon may send; a kind that is absent has no limit.
        /// What is beyond waits as proposed.
        #[schemars(schema_with = "schema::caps")]
        pub caps: BTreeMap<WriteKind, u32> = BTreeMap::new(),
        /// How often all ids are listed, to prove completeness and to find what is gone.
        pub sweep: Every = Every::seconds(6 * 3600),
        /// How often one slice of all records is read in full, to find changes that move no modification time.
        pub audit: Every = Every::seconds(3600),
        /// Slices that make the whole.
        pub audit_slices: u32 = 24,
        /// Which of our stages each stage of the vendor's pipelines is. What is not listed is guessed from its
        /// name and probability and shown by `check`.
        pub stage: Vec<StageMap> = Vec::new(),
        /// Options of the vendor's connector; see its page.
        pub options: Extra = Extra::default(),
    }
}

/// What an address may begin with; `imap` and `smtp` without TLS only to this machine, else with STARTTLS.
const SCHEMES: [&str; 6] = ["https", "http", "imaps", "imap", "smtps", "smtp"];

impl Connection {
    /// The name as an id.
    pub fn id(&self) -> ConnectionId {
        ConnectionId::new(self.id.as_str())
    }
    /// How often a stream is asked for what changed.
    pub fn every(&self, stream: Kind) -> &Every {
        self.every_stream.get(&stream).unwrap_or(&self.every)
    }
    /// Our stage and outcome for a stage of the vendor (`pipeline/stage`), where configured.
    pub fn stage_of(&self, source: &str) -> Option<&StageMap> {
        self.stage.iter().find(|map| map.source == source)
    }
}

impl Listed for Connection {
    const NAME: &'static str = "id";
    fn named(name: &str) -> Self {
        Self { id: name.to_owned(), ..Self::default() }
    }
    fn name(&self) -> &str {
        &self.id
    }
    fn complete(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if self.id.is_empty() || self.id.len() > 40 || !self.id.chars().all(plain) {
            return Err("an id is 1 to 40 of a-z, 0-9, - and _".to_owned());
        }
        if self.vendor.is_empty() {
            return Err("`vendor` is missing: which system is it?".to_owned());
        }
        if self.audit_slices == 0 {
            return Err("`audit_slices` must be at least 1".to_owned());
        }
        match &self.base_url {
            Some(url) if !SCHEMES.contains(&url.scheme()) || url.host().is_none() => Err(format!(
                "`base_url` {url} must name a host and begin with one of {}",
                SCHEMES.map(|scheme| format!("{scheme}://")).join(", ")
            )),
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                Err("`base_url` must hold no credentials: `sales-orchestrator connect` stores them"
                    .to_owned())
            }
            Some(_) | None => Ok(()),
        }
    }
}

section! {
    /// What one stage of a vendor's pipeline means.
    pub struct StageMap {
        /// `pipeline/stage` in the vendor's ids.
        pub source: String = String::new(),
        /// Our stage.
        #[schemars(schema_with = "schema::stage")]
        pub stage: Option<Stage> = None,
        /// How a deal in it stands.
        #[schemars(schema_with = "schema::outcome")]
        pub outcome: DealOutcome = DealOutcome::Open,
    }
}

impl Listed for StageMap {
    const NAME: &'static str = "source";
    fn named(name: &str) -> Self {
        Self { source: name.to_owned(), ..Self::default() }
    }
    fn name(&self) -> &str {
        &self.source
    }
    fn complete(&self) -> Result<(), String> {
        if !self.source.contains('/') {
            return Err("a vendor's stage is named `pipeline/stage`".to_owned());
        }
        match (self.stage, self.outcome) {
            (None, DealOutcome::Open) => {
                Err("say `stage = ...`, or `outcome = \"won\"` or `\"lost\"`".to_owned())
            }
            (_, DealOutcome::Won | DealOutcome::Lost) | (Some(_), DealOutcome::Open) => Ok(()),
        }
    }
}

/// How a connection signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthKind {
    /// A token that stays the same: a private app's, an API key.
    Token,
    /// A user's name and password (IMAP, SMTP, CalDAV), often one made for this program alone.
    Password,
    /// Tokens that are renewed.
    Oauth,
}

impl AuthKind {
    /// Name as configured and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Password => "password",
            Self::Oauth => "oauth",
        }
    }
}

/// Where a connection's secret is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keeper {
    /// The operating system's keyring.
    Keyring,
    /// An encrypted file beside the database.
    File,
    /// Environment variable `SALES_ORCHESTRATOR_<CONNECTION>_TOKEN`.
    Env,
    /// A systemd credential.
    Credential,
}

impl Keeper {
    /// Name as configured and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
            Self::Env => "env",
            Self::Credential => "credential",
        }
    }
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Options that only the vendor's connector understands; it refuses unknown ones.
#[derive(Clone, PartialEq, Debug, Default, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Extra(pub serde_json::Map<String, serde_json::Value>);

impl Setting for Extra {
    fn set(&mut self, node: Node<'_>, sink: &mut Sink<'_>) {
        for (key, node) in sink.table(node) {
            sink.within(key.get_ref().as_ref(), |sink| {
                if let Some(value) = sink.value(node) {
                    self.0.insert(key.get_ref().to_string(), value);
                }
            });
        }
    }
}

leaf!(Mode, Option<Url>, Option<AuthKind>, Keeper, Vec<Kind>, Option<Stage>, DealOutcome);
