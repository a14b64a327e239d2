//! Files stay small enough to be read in one sitting.

use std::{fs, path::Path};

/// Lines of code (without tests beside it) at which a file is refused.
const REFUSED: usize = 600;
/// Folders below `src/` at most.
const DEEPEST: usize = 4;

fn files(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

fn lines_of_code(text: &str) -> usize {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count()
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in ["src", "connectors"] {
        files(&root.join(dir), &mut found);
    }
    assert!(found.len() > 50, "looked in the wrong place");
    for file in found {
        let lines = lines_of_code(&fs::read_to_string(&file).unwrap());
        assert!(lines <= REFUSED, "{} has {lines} lines of code", file.display());
        let depth = file.strip_prefix(root).unwrap().components().count() - 2;
        assert!(depth <= DEEPEST, "{} lies too deep", file.display());
    }
}
