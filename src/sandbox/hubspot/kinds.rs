//! Object types and the many names by which clients call them.

use serde::Serialize;

/// The object types of the sandbox, in the order of their type ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Contact,
    Company,
    Deal,
    Ticket,
    Task,
    Note,
    Meeting,
    Call,
    Email,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Contact,
        Self::Company,
        Self::Deal,
        Self::Ticket,
        Self::Task,
        Self::Note,
        Self::Meeting,
        Self::Call,
        Self::Email,
    ];

    /// Resolves `contacts`, `contact`, `CONTACT` and `0-1` alike.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        Self::ALL.into_iter().find(|k| lower == k.plural() || lower == k.singular() || lower == k.type_id())
    }

    pub fn plural(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Company => "companies",
            Self::Deal => "deals",
            Self::Ticket => "tickets",
            Self::Task => "tasks",
            Self::Note => "notes",
            Self::Meeting => "meetings",
            Self::Call => "calls",
            Self::Email => "emails",
        }
    }

    pub fn singular(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
            Self::Deal => "deal",
            Self::Ticket => "ticket",
            Self::Task => "task",
            Self::Note => "note",
            Self::Meeting => "meeting",
            Self::Call => "call",
            Self::Email => "email",
        }
    }

    pub fn type_id(self) -> &'static str {
        match self {
            Self::Contact => "0-1",
            Self::Company => "0-2",
            Self::Deal => "0-3",
            Self::Ticket => "0-5",
            Self::Task => "0-27",
            Self::Note => "0-46",
            Self::Meeting => "0-47",
            Self::Call => "0-48",
            Self::Email => "0-49",
        }
    }

    /// Tasks, notes, meetings, calls, e-mails.
    pub fn is_activity(self) -> bool {
        match self {
            Self::Contact | Self::Company | Self::Deal | Self::Ticket => false,
            Self::Task | Self::Note | Self::Meeting | Self::Call | Self::Email => true,
        }
    }

    /// The property that holds the create date.
    pub fn created_property(self) -> &'static str {
        if self.is_activity() { "hs_createdate" } else { "createdate" }
    }

    /// The property by which changes are found; contacts are the exception.
    pub fn modified_property(self) -> &'static str {
        match self {
            Self::Contact => "lastmodifieddate",
            Self::Company
            | Self::Deal
            | Self::Ticket
            | Self::Task
            | Self::Note
            | Self::Meeting
            | Self::Call
            | Self::Email => "hs_lastmodifieddate",
        }
    }

    /// The granular scope for reading or writing this type (activities run under the contact scopes).
    pub fn scope(self, write: bool) -> &'static str {
        match (self, write) {
            (Self::Company, false) => "crm.objects.companies.read",
            (Self::Company, true) => "crm.objects.companies.write",
            (Self::Deal, false) => "crm.objects.deals.read",
            (Self::Deal, true) => "crm.objects.deals.write",
            (Self::Ticket, _) => "tickets",
            (_, false) => "crm.objects.contacts.read",
            (_, true) => "crm.objects.contacts.write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_clients_use_is_understood() {
        for name in ["deals", "deal", "DEAL", "Deals", "0-3"] {
            assert_eq!(Kind::named(name), Some(Kind::Deal), "{name}");
        }
        assert_eq!(Kind::named("2-3604285"), None);
    }
}
