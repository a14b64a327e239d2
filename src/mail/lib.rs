//! Mails read into fields: addresses, conversation, what kind of mail it is, and what its author wrote.
