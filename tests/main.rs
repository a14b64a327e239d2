//! Whole-product tests, one binary so that they link once. Each file is one subject.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod convergence;
mod judge;
mod layers;
mod rig;
mod sizes;
