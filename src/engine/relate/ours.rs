//! Who we are: whose addresses are not a customer's.

use std::collections::BTreeSet;

/// Our own domains and addresses, in lower case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ours {
    /// Domains; their subdomains are ours too.
    pub domains: BTreeSet<Box<str>>,
    /// Addresses: of users of the CRM, of mailboxes that we read.
    pub addresses: BTreeSet<Box<str>>,
}

impl Ours {
    /// Ours, out of what configuration and sources say.
    pub fn new<'a>(
        domains: impl IntoIterator<Item = &'a str>,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let clean = |text: &str| Box::from(text.trim().trim_start_matches('@').to_lowercase());
        let addresses = addresses.into_iter().filter(|one| one.contains('@'));
        Self {
            domains: domains.into_iter().map(clean).filter(|domain| !str::is_empty(domain)).collect(),
            addresses: addresses.map(clean).collect(),
        }
    }

    /// Is this address (in lower case) one of ours?
    pub fn has(&self, address: &str) -> bool {
        self.addresses.contains(address) || domains(address).any(|domain| self.domains.contains(domain))
    }
}

/// The host of an address and the domains above it.
pub(crate) fn domains(address: &str) -> impl Iterator<Item = &str> {
    let host = address.rsplit_once('@').map_or("", |(_, host)| host);
    let starts = std::iter::once(0).chain(host.match_indices('.').map(|(at, _)| at + 1));
    starts.filter_map(|at| host.get(at..)).filter(|domain| !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_are_ours_and_lookalikes_are_not() {
        let ours = Ours::new([" @Ours.example", ""], ["Rep@Gmail.com", "no address"]);
        for (address, wanted) in [
            ("olga@ours.example", true),
            ("olga@mail.ours.example", true),
            ("olga@notours.example", false),
            ("olga@ours.example.org", false),
            ("rep@gmail.com", true),
            ("ann@gmail.com", false),
            ("", false),
        ] {
            assert_eq!(ours.has(address), wanted, "{address:?}");
        }
    }
}
