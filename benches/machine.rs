//! The machine, and what a process takes of it (Linux's `/proc`).

use anyhow::Context;
use std::fs;

/// Clock ticks per second in `/proc/PID/stat`: fixed at 100 for user space on every Linux platform.
const TICKS: f64 = 100.0;

/// One line about the machine.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("{cores} cores, {model}; load before the run: {load}")
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Processor time in seconds, user and system.
    pub cpu_s: f64,
    /// Memory now, in megabytes.
    pub rss_mb: f64,
    /// Memory at its highest.
    pub peak_mb: f64,
}

/// Of a process by its id, or of `self`.
pub fn usage(process: &str) -> anyhow::Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).context("reading processor time")?;
    // The second field is the name, which may hold spaces and brackets.
    let (_, fields) = stat.rsplit_once(')').context("an odd /proc/PID/stat")?;
    let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("reading memory")?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
    };
    Ok(Usage {
        cpu_s: ticks / TICKS,
        rss_mb: megabytes("VmRSS:").context("no VmRSS")?,
        peak_mb: megabytes("VmHWM:").context("no VmHWM")?,
    })
}
