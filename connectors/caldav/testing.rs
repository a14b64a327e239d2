//! For tests: the shared data, where it is there.

use std::path::PathBuf;

/// A file or folder of the shared data; `None`, with a visible line, where there is none.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let found = std::env::var_os("SHARED_DATA").map_or_else(beside, PathBuf::from).join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: {path} because the shared data is not here (set SHARED_DATA)");
    None
}
