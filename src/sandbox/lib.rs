//! A HubSpot account that holds state and can misbehave: over real HTTP or in memory, by the caller's clock,
//! and the same for the same seed. It types HubSpot's wire format by itself and knows nothing of our connectors.
//!
//! ```no_run
//! # async fn example() -> Result<(), sandbox::Broken> {
//! let clock = sandbox::clock::Hand::at(1_763_797_200_000);
//! let sandbox = sandbox::Sandbox::new(&sandbox::Config::seeded(7), clock.clock());
//! sandbox.populate(&sandbox::team::Size::small());
//! let request = http::Request::get("https://api.hubapi.com/crm/v3/objects/deals?limit=5")
//!     .header("authorization", "Bearer pat-eu1-sandbox")
//!     .body(bytes::Bytes::new());
//! if let Ok(request) = request {
//!     let answer = sandbox.call(request).await?;
//!     assert_eq!(answer.status(), 200);
//! }
//! # Ok(())
//! # }
//! ```

pub mod clock;
pub mod command;
pub mod config;
mod core;
pub mod dice;
pub mod fault;
pub mod google;
pub mod hubspot;
pub mod journal;
pub mod load;
pub mod people;
mod serve;
pub mod snapshot;
pub mod team;
pub mod usage;
pub mod world;

pub use config::{Config, Lag, Limits, OauthApp, Token};
pub use core::Sandbox;
pub use fault::{Broken, Fault, Rule, Seeded};
pub use hubspot::kinds::Kind;
pub use journal::{Actor, Effect, Entry, Journal};
pub use serve::serve;
pub use snapshot::Snapshot;
pub use usage::Usage;
pub use world::World;
