//! `[[route]]`: who is told of what, by what way and how often.

use super::{
    Span, Zone,
    read::{Listed, leaf, section},
    schema,
    value::textual,
};
use engine::{
    flow::Condition,
    notify::{Quiet, To, What},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr, time::Duration};

section! {
    /// Who is told of what, by what way and how often.
    pub struct Route {
        /// Its name: appears in each message.
        pub id: String = String::new(),
        /// In force.
        pub enabled: bool = true,
        /// Events that it tells of.
        #[schemars(schema_with = "schema::whats")]
        pub on: Vec<What> = Vec::new(),
        /// Only where this condition holds of the deal or lead (CEL, as in stages.toml, without signals).
        #[schemars(with = "Option<String>")]
        pub when: Option<When> = None,
        /// Whom: addresses, `owner` (of the deal or lead), `agent` (that has the task).
        pub to: Vec<Whom> = Vec::new(),
        /// The connection that carries it (`vendor = "smtp"`).
        pub via: String = String::new(),
        /// The same news of the same record is told once in so long; `0s` tells everything.
        pub dedupe: Span = Span::seconds(30 * 60),
        /// Hours in which nobody is disturbed (`20:00-07:00`); what happens then is told together afterwards.
        #[schemars(with = "Option<String>")]
        pub quiet: Option<Quiet> = None,
        /// Zone of the quiet hours; when absent the agent's own, else the organisation's.
        pub zone: Option<Zone> = None,
        /// Most messages per hour and recipient; what is beyond is told together later.
        pub cap_per_hour: u32 = 20,
        /// Collects notices for so long and tells them together; `off` tells each at once.
        pub digest: Digest = Digest(None),
        /// Sends again when the answer was lost: twice is better than never.
        pub insist: bool = false,
    }
}

impl Listed for Route {
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
        if self.on.is_empty() {
            let names = What::ALL.map(What::name).join(", ");
            return Err(format!("`on` is missing: what is to be told? {names}"));
        }
        if self.to.is_empty() {
            return Err("`to` is missing: who is to be told? An address, \"owner\", \"agent\"".to_owned());
        }
        if self.via.is_empty() {
            return Err("`via` is missing: which connection sends it?".to_owned());
        }
        if self.cap_per_hour == 0 {
            return Err(
                "`cap_per_hour` must be at least 1; `enabled = false` switches a route off".to_owned()
            );
        }
        Ok(())
    }
}

/// A checked condition.
#[derive(Clone)]
pub struct When(pub Condition);

impl FromStr for When {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Condition::compile(text, &[]).map(Self).map_err(|error| {
            let meant = error.suggestion.map(|meant| format!("; did you mean {meant:?}?"));
            format!("{}{}", error.message, meant.unwrap_or_default())
        })
    }
}
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.source())
    }
}
impl PartialEq for When {
    fn eq(&self, other: &Self) -> bool {
        self.0.source() == other.0.source()
    }
}

/// A recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Whom(pub To);

impl FromStr for Whom {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let address = || text.contains('@') && !text.contains(|c: char| c.is_whitespace() || c.is_control());
        match text {
            "owner" => Ok(Self(To::Owner)),
            "agent" => Ok(Self(To::Agent)),
            _ if address() => Ok(Self(To::Address(text.to_lowercase().into()))),
            _ => Err(format!("{text:?} is nobody: write an address, \"owner\" or \"agent\"")),
        }
    }
}
impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            To::Owner => "owner",
            To::Agent => "agent",
            To::Address(address) => address,
        })
    }
}

/// How long notices are collected; `off` is not at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub Option<Duration>);

impl FromStr for Digest {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "off" => Ok(Self(None)),
            length => length
                .parse()
                .map(|Span(length)| Self(Some(length)))
                .map_err(|_| format!("{text:?} is neither a length of time (1h, 1d) nor \"off\"")),
        }
    }
}
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some(length) => fmt::Display::fmt(&Span(length), f),
        }
    }
}

textual!(When: "deal.amount > 50000.0", Whom: "owner", Digest: "1h");
leaf!(Vec<What>, Vec<Whom>, Option<When>, Option<Quiet>, Option<Zone>, Digest);
