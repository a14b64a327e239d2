//! Identifiers. Records and tasks carry a UUIDv7 (time-ordered); connections and agents carry the name that
//! the configuration gives them.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// Identifier of a canonical record or of a task: a UUIDv7, shown in the usual hyphenated form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Uuid);

impl Id {
    /// Builds a UUIDv7 from a time in milliseconds since the epoch and 74 bits of chance (the rest is ignored).
    pub fn v7(millis: i64, chance: u128) -> Self {
        let millis = u64::try_from(millis).unwrap_or_default();
        let chance = chance.to_be_bytes().last_chunk().copied().unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &chance).into_uuid())
    }

    /// An id that depends only on its parts: deciding the same thing twice gives the same id.
    pub fn derived(parts: &[&str]) -> Self {
        Self(uuid::Builder::from_custom_bytes(crate::hash::digest(parts)).into_uuid())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }
    };
}

name_id! {
    /// Name of a connection, as the configuration spells it (`hubspot`, `crm-emea`).
    ConnectionId
}
name_id! {
    /// Name of an agent in its long form (`WAKE.SDRFORGE`); aliases are resolved when configuration is read.
    AgentId
}

name_id! {
    /// Id of a message, chosen by its sender (`msg-17`, a UUID): the same id is the same message.
    MessageId
}

/// What the ids of the daemon's own messages begin with; an id of ours or a number follows.
const OWN: [&str; 5] = ["task-", "withdrawn-", "escalation-", "handoff-", "insight-"];

impl MessageId {
    /// An id as the daemon gives to messages of its own: taken by another, its message would count as said already.
    pub fn is_reserved(&self) -> bool {
        OWN.iter().filter_map(|own| self.as_str().strip_prefix(own)).any(|rest| {
            let ours = rest.get(..36).is_some_and(|id| id.parse::<Id>().is_ok());
            ours || rest.starts_with(|c: char| c.is_ascii_digit())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later() {
        let (early, late) = (Id::v7(1_000, u128::MAX), Id::v7(1_001, 0));
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn ids_of_the_daemons_messages_are_its_own() {
        let id = Id::v7(1_763_797_200_000, 42);
        for own in [
            format!("task-{id}-17"),
            format!("task-{id}-17/1.1"),
            format!("handoff-{id}"),
            "insight-3-ANNA".into(),
        ] {
            assert!(MessageId::new(own.clone()).is_reserved(), "{own}");
        }
        for other in ["task-list", "msg-17", "handoff-notes", "escalation-"] {
            assert!(!MessageId::new(other).is_reserved(), "{other}");
        }
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = Id::v7(1_763_797_200_000, 42);
        assert_eq!(id.to_string().parse::<Id>().unwrap(), id);
    }

    #[test]
    fn a_derived_id_depends_on_every_part_and_on_where_parts_end() {
        assert_eq!(Id::derived(&["a", "bc"]), Id::derived(&["a", "bc"]));
        assert_ne!(Id::derived(&["a", "bc"]), Id::derived(&["ab", "c"]));
    }
}
