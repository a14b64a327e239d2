//! What a connector is, and the kit to write one.
//!
//! A connector turns one vendor's API into `poll` (one road in) and `apply` (one road out). It keeps no state
//! between calls except pooled connections; its place in a stream is its [`model::Cursor`].
//! Each endpoint of the vendor is a [`Call`]: request and answer as values, without I/O. [`Cx::send`] does
//! authentication, limits, retries, redaction and logging, once for all of them.
#![warn(missing_docs)]

pub mod call;
pub mod capability;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connector;
pub mod cx;
pub mod dial;
pub mod error;
pub mod http;
pub mod marker;
pub mod secret;
#[cfg(test)]
mod testing;

pub use call::{Call, Effect};
pub use capability::{Account, Capabilities, Dedupe, Deletes, Descriptor, Grant};
pub use clock::Clock;
pub use connector::{Applied, Connector, Landing, Maker, Options, Page, Position};
pub use cx::{Cx, Lane};
pub use dial::{Dial, Duplex};
pub use error::{Disposition, Error, ErrorKind, Sent};
pub use http::{
    auth::{Auth, Login, Proof},
    client::HttpClient,
    limit::Limiter,
    transport::{Broken, Transport},
};
pub use secret::Secret;
