//! Where things are: the version of the API in one place, and the paths that follow from it.

use connect::{Error, ErrorKind};
use std::sync::Arc;

/// The version spoken unless an option says otherwise. A date-based version lives 18 months.
pub const VERSION: &str = "2026-03";

/// One of HubSpot's two path schemes: numbered (`/crm/v3`, with `/crm/v4` for associations) or date-based.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Api {
    dated: Option<Arc<str>>,
}

impl Api {
    /// Reads `v3` or a date such as `2026-03`.
    pub fn named(version: &str) -> Result<Self, Error> {
        let bytes = version.as_bytes();
        let is_date = bytes.len() == 7
            && bytes.iter().enumerate().all(|(at, b)| if at == 4 { *b == b'-' } else { b.is_ascii_digit() });
        match version {
            "v3" => Ok(Self { dated: None }),
            _ if is_date => Ok(Self { dated: Some(version.into()) }),
            _ => Err(Error::unsent(
                ErrorKind::Config,
                format!("api_version {version:?} is neither \"v3\" nor a date such as \"{VERSION}\""),
            )),
        }
    }
    fn place(&self, family: &str, rest: &str, numbered: &str) -> String {
        match &self.dated {
            Some(date) => format!("/crm/{family}/{date}{rest}"),
            None => format!("/crm/{numbered}/{family}{rest}"),
        }
    }
    /// Collection of an object type.
    pub fn objects(&self, object: &str) -> String {
        self.place("objects", &format!("/{object}"), "v3")
    }
    /// Batch read of associations.
    pub fn associations(&self, from: &str, to: &str) -> String {
        self.place("associations", &format!("/{from}/{to}/batch/read"), "v4")
    }
    /// Association types of a pair.
    pub fn labels(&self, from: &str, to: &str) -> String {
        self.place("associations", &format!("/{from}/{to}/labels"), "v4")
    }
    /// Owners.
    pub fn owners(&self) -> String {
        self.place("owners", "", "v3")
    }
    /// Pipelines of deals.
    pub fn deal_pipelines(&self) -> String {
        self.place("pipelines", "/deals", "v3")
    }
    /// Property definitions of an object type.
    pub fn properties(&self, object: &str) -> String {
        self.place("properties", &format!("/{object}"), "v3")
    }
    /// Who we are.
    pub fn account(&self) -> String {
        format!("/account-info/{}/details", self.dated.as_deref().unwrap_or("v3"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_reached_by_one_option() {
        let dated = Api::named(VERSION).unwrap();
        let numbered = Api::named("v3").unwrap();
        assert_eq!(dated.objects("deals"), "/crm/objects/2026-03/deals");
        assert_eq!(numbered.objects("deals"), "/crm/v3/objects/deals");
        assert_eq!(
            dated.associations("deals", "contacts"),
            "/crm/associations/2026-03/deals/contacts/batch/read"
        );
        assert_eq!(
            numbered.associations("deals", "contacts"),
            "/crm/v4/associations/deals/contacts/batch/read"
        );
        assert_eq!(numbered.owners(), "/crm/v3/owners");
        assert_eq!(dated.account(), "/account-info/2026-03/details");
    }

    #[test]
    fn a_version_that_is_none_is_a_configuration_error() {
        for text in ["v9", "2026-3", "latest", "2026/03"] {
            assert_eq!(Api::named(text).unwrap_err().kind, ErrorKind::Config, "{text}");
        }
    }
}
