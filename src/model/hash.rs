//! One hash for every key that must be the same whenever the same thing is decided again.

use sha2::{Digest, Sha256};

/// First 16 bytes of SHA-256 over the parts, each preceded by its length so that parts cannot run together.
pub fn digest(parts: &[&str]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(hasher.finalize()) {
        *to = from;
    }
    out
}
