//! One daemon per data folder.

use crate::Error;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

const NAME: &str = "daemon.lock";

/// The operating system's lock on a data folder. It dies with its process, so a lock that can be taken proves
/// that nobody else runs there.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock, creating the folder (0700) when absent. Held by another process: [`Error::Running`]
    /// with the process id that it wrote into the file.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let failed =
            |source: io::Error| Error::Database { doing: "lock the data folder", source: source.into() };
        private_folder(folder).map_err(failed)?;
        let mut file = private_file(&folder.join(NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = folder.display().to_string();
                return Err(Error::Running { path, pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        write_pid(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    file.flush()
}

fn read_pid(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(20).read_to_string(&mut text);
    let pid = text.trim();
    if read.is_ok() && !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) {
        pid.to_owned()
    } else {
        "?".to_owned()
    }
}

/// Creates a folder with its parents, the last one for the owner only; one that exists is left as it is.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file, creating it for the owner only.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_on_a_folder_names_the_first_process() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();

        let second = FolderLock::take(folder.path());

        assert!(matches!(second, Err(Error::Running { pid, .. }) if pid == std::process::id().to_string()));
        drop(first);
        FolderLock::take(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_created_is_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");

        let _lock = FolderLock::take(&folder).unwrap();

        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(NAME))), (0o700, 0o600));
    }
}
