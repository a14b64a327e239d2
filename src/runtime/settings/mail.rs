//! `[mail]`: what of mails and meetings is kept.

use super::read::section;

section! {
    /// What of mails and meetings is kept. Who we are is said by `matching.own_domains`, by the addresses of the
    /// CRM's users and by those of the mailboxes.
    pub struct Mail {
        /// Keep whole texts, not only their first 200 characters.
        pub bodies: bool = false,
        /// Addresses and domains of which nothing is stored: a mail from them, or only between them and us, is
        /// left out, elsewhere their address is.
        pub ignore: Vec<String> = Vec::new(),
    }
}
