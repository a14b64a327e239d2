//! Recorded traffic, asked again: the sandbox must answer what HubSpot answered.

mod cassettes;
mod sequences;
