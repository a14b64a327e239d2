//! `[reach]`: how agents that are pushed to are reached.

use super::{Keeper, read::section};

section! {
    /// How agents that are pushed to (webhooks, programs) are reached.
    pub struct Reaching {
        /// Where the signing secrets of webhooks are kept: `keyring`, encrypted `file`, `env`ironment
        /// (`SALES_ORCHESTRATOR_AGENTS_<NAME>`), or systemd `credential`.
        pub secret: Keeper = Keeper::Env,
        /// Hosts that webhooks may point to although they lie inside a private network.
        pub private_hosts: Vec<String> = Vec::new(),
        /// Environment variables that programs see; all others are hidden from them.
        pub env: Vec<String> = vec!["PATH".to_owned(), "LANG".to_owned(), "TZ".to_owned()],
    }
}
