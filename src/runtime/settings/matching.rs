//! `[matching]`: how records of several sources become one.

use super::{Share, read::section};
use std::collections::BTreeMap;

section! {
    /// How records of several sources become one.
    pub struct Matching {
        /// Our own domains: never a customer's.
        pub own_domains: Vec<String> = Vec::new(),
        /// Further domains that say nothing about the company (free mail is known already).
        pub ignored_domains: Vec<String> = Vec::new(),
        /// Per field (`phone`) the connections whose word goes first. Without one the newest change wins.
        pub precedence: BTreeMap<String, Vec<String>> = BTreeMap::new(),
        /// A full listing that lacks more than this share of a stream is quarantined and shown, not applied.
        pub quarantine_share: Share = Share(0.1),
        /// Unless it lacks no more records than this.
        pub quarantine_least: u32 = 20,
    }
}
