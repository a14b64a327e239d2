//! What went wrong at a vendor and what to do about it.

use crate::Effect;
use model::Timestamp;
use std::{fmt, time::Duration};

/// A failed call.
#[derive(Debug)]
pub struct Error {
    /// What kind: decides what happens next.
    pub kind: ErrorKind,
    /// Whether the vendor may have acted on it.
    pub sent: Sent,
    /// For people: what, where (call, record id), the vendor's words cut to 300 characters, its correlation id.
    /// Never a secret, never a whole URL.
    pub detail: String,
}

/// How far a call got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It never left.
    NotSent,
    /// It may have arrived.
    MaybeSent,
    /// The vendor answered.
    Answered,
}

/// Kinds of failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// Connection refused, reset, cut, or no name.
    Network,
    /// No answer in time.
    Timeout,
    /// 429: slow down.
    RateLimited {
        /// How long, when said.
        after: Option<Duration>,
    },
    /// The day's allowance is used up.
    DailyLimit {
        /// When it is renewed, when known.
        until: Option<Timestamp>,
    },
    /// 401: the token is not (or no longer) good.
    Unauthorized,
    /// 403: not allowed; the connection stays healthy, this feature is not.
    Forbidden {
        /// The vendor's names for what is missing.
        missing: Vec<String>,
    },
    /// 404 or its like.
    NotFound,
    /// The vendor will never take this (validation, unknown field, wrong value).
    Invalid,
    /// Something with this unique value exists.
    Conflict {
        /// Its id, when said.
        existing: Option<Box<str>>,
    },
    /// Busy with this record or migrating: again later.
    Busy {
        /// How long, when said.
        after: Option<Duration>,
    },
    /// 5xx.
    Server,
    /// An answer that can't be understood (HTML, cut JSON).
    Garbled,
    /// The cursor is unknown or too old there: a full pass is due.
    CursorExpired,
    /// Credentials are missing, or the grant was revoked: a person must connect again.
    NotConnected,
    /// Wrong option or base URL: a person must mend the configuration.
    Config,
}

/// What to do about a failed call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// It did not happen; again after this long (`None`: by the caller's back-off).
    Retry(Option<Duration>),
    /// It may have happened: look first.
    Verify,
    /// The place in the stream is lost: full pass.
    Resync,
    /// Credentials need a person (or a refresh that failed): stop this connection.
    Reconnect,
    /// Never.
    Refuse,
}

impl Error {
    /// Builds an error for an answer that came.
    pub fn answered(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, sent: Sent::Answered, detail: detail.into() }
    }
    /// Builds an error for something that never left.
    pub fn unsent(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, sent: Sent::NotSent, detail: detail.into() }
    }
    /// What to do, given what the call does.
    pub fn disposition(&self, effect: Effect) -> Disposition {
        self.kind.disposition(effect, self.sent)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}
impl std::error::Error for Error {}

impl ErrorKind {
    /// The one table. A creation whose answer was lost, garbled or a 5xx may have happened: verify.
    pub fn disposition(&self, effect: Effect, sent: Sent) -> Disposition {
        let unsure = match effect {
            Effect::Creates => sent != Sent::NotSent,
            Effect::None | Effect::Idempotent => false,
        };
        match self {
            Self::Network | Self::Timeout | Self::Server | Self::Garbled if unsure => Disposition::Verify,
            Self::Network | Self::Timeout | Self::Server | Self::Garbled | Self::DailyLimit { .. } => {
                Disposition::Retry(None)
            }
            Self::RateLimited { after } | Self::Busy { after } => Disposition::Retry(*after),
            Self::Unauthorized | Self::NotConnected => Disposition::Reconnect,
            Self::CursorExpired => Disposition::Resync,
            Self::Conflict { .. } if effect == Effect::Creates => Disposition::Verify,
            Self::Forbidden { .. }
            | Self::NotFound
            | Self::Invalid
            | Self::Conflict { .. }
            | Self::Config => Disposition::Refuse,
        }
    }
    /// Name for logs and status.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::RateLimited { .. } => "rate_limited",
            Self::DailyLimit { .. } => "daily_limit",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Conflict { .. } => "conflict",
            Self::Busy { .. } => "busy",
            Self::Server => "server",
            Self::Garbled => "garbled",
            Self::CursorExpired => "cursor_expired",
            Self::NotConnected => "not_connected",
            Self::Config => "config",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creation_that_may_have_arrived_is_looked_for_before_anything_else() {
        for kind in [ErrorKind::Network, ErrorKind::Timeout, ErrorKind::Server, ErrorKind::Garbled] {
            for sent in [Sent::MaybeSent, Sent::Answered] {
                assert_eq!(kind.disposition(Effect::Creates, sent), Disposition::Verify, "{kind:?}");
                assert_eq!(kind.disposition(Effect::Idempotent, sent), Disposition::Retry(None), "{kind:?}");
            }
        }
    }

    #[test]
    fn a_creation_that_never_left_or_was_turned_away_may_be_sent_again() {
        assert_eq!(ErrorKind::Network.disposition(Effect::Creates, Sent::NotSent), Disposition::Retry(None));
        let limited = ErrorKind::RateLimited { after: None };
        assert_eq!(limited.disposition(Effect::Creates, Sent::Answered), Disposition::Retry(None));
    }
}
