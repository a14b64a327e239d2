//! Mailboxes on any IMAP server as a stream of mails.
