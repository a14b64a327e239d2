//! The API as its callers see it: in memory, over the real store and the real assignment cycle.
#![cfg(test)]

mod attacks;
mod desk;
mod faces;
mod work;
