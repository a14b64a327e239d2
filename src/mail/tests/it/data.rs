//! Where the mails are that are too many to keep here.

use std::path::{Path, PathBuf};

/// The folder of shared mails, or `None` with a word about it.
pub fn mails(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let base = std::env::var_os("SHARED_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let folder = base.join("mailcal");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {test} because there is no {} (set SHARED_DATA)", folder.display());
    None
}

/// All mails below a folder, sorted, licences and expectations left out.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(below(&path));
        } else if path.extension().is_none_or(|end| end != "json")
            && !["LICENSE", "COPYING", "README.md"].contains(&&*name)
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every mail of the corpora. (The Maildir among them holds no mails, only names with a letter inside.)
pub fn all(folder: &Path) -> Vec<PathBuf> {
    let folders = ["mail-parser/eml", "cpython-email", "bounces", "recorded/dsn"];
    folders.iter().flat_map(|name| below(&folder.join(name))).collect()
}
