//! Reconciliation, told as stories: given a store, when pages come in, then this is known.

mod by_hand;
mod change;
mod deals;
mod echo;
mod identity;
mod leave;
mod mail;
mod props;
