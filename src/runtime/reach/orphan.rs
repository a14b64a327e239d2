//! Programs that outlived the daemon that started them: each running one is noted in a file, so that the next
//! daemon can end it before it starts the work again.

use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path, path::PathBuf};

/// What the name of a note begins with.
const NOTE: &str = "running-";

/// Note of a running program; removed when dropped.
pub struct Note(PathBuf);

#[derive(Serialize, Deserialize)]
struct Running {
    pid: u32,
    /// Distinguishes it from a later process of the same number, where the system tells.
    started: Option<String>,
}

impl Note {
    /// Notes a program for the message of this number.
    pub fn write(folder: &Path, seq: i64, pid: u32) -> io::Result<Self> {
        let file = file(folder, seq);
        let running = Running { pid, started: started(pid) };
        fs::write(&file, serde_json::to_vec(&running)?)?;
        Ok(Self(file))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the note of a program that ended was gone already");
        }
    }
}

/// A program with everything that it started, which is ended when this is dropped.
pub struct Group(pub u32);

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = kill_group(self.0) {
            tracing::warn!(%error, "a program could not be ended");
        }
    }
}

/// Ends everything that an earlier daemon started and that still runs; returns how many programs that were.
pub fn sweep(folder: &Path) -> io::Result<usize> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let (mut ended, mut trouble) = (0, None);
    for file in files {
        let file = file?;
        let name = file.file_name();
        let noted = name.to_str().and_then(|name| name.strip_prefix(NOTE)?.strip_suffix(".json"));
        if noted.is_some_and(|seq| seq.parse::<i64>().is_ok()) {
            match end(&file.path()) {
                Ok(lived) => ended += usize::from(lived),
                Err(error) => trouble = Some(error),
            }
        }
    }
    trouble.map_or(Ok(ended), Err)
}

/// Ends the program of one note, if it still runs. True when it did. A note that was half written when its daemon
/// died says nothing.
fn end(file: &Path) -> io::Result<bool> {
    let running = serde_json::from_slice::<Running>(&fs::read(file)?).ok();
    let still = running.filter(|one| one.started.is_some() && started(one.pid) == one.started);
    if let Some(running) = &still {
        kill_group(running.pid)?;
    }
    fs::remove_file(file)?;
    Ok(still.is_some())
}

/// Ends a program with everything that it started; one that is gone is fine.
#[cfg(unix)]
pub fn kill_group(pid: u32) -> io::Result<()> {
    use rustix::{
        io::Errno,
        process::{Pid, Signal, kill_process_group},
    };
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process_group(pid, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
pub fn kill_group(_pid: u32) -> io::Result<()> {
    Ok(())
}

fn file(folder: &Path, seq: i64) -> PathBuf {
    folder.join(format!("{NOTE}{seq}.json"))
}

/// When a process was started, in the kernel's ticks (`/proc/PID/stat`, field 22); `None` where it can't be told.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}
