//! HubSpot's CRM API, typed from its documentation and from recorded traffic.

mod account;
pub mod associations;
mod batch;
mod catalog;
mod check;
mod derive;
mod effects;
pub(crate) mod hub;
mod ids;
pub mod kinds;
pub(crate) mod limits;
mod merge;
mod oauth;
mod objects;
pub mod owners;
pub mod pipelines;
pub(crate) mod problem;
mod properties;
pub(crate) mod props;
pub(crate) mod record;
mod render;
pub(crate) mod reply;
pub(crate) mod request;
mod route;
pub(crate) mod schema;
mod search;
pub(crate) mod state;
mod unique;

pub use check::Values;
