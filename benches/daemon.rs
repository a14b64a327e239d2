//! The release binary running as a daemon.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use std::{
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const BINARY: &str = env!("CARGO_BIN_EXE_sales-orchestrator");

/// Size of the binary in megabytes.
pub fn size() -> anyhow::Result<f64> {
    Ok(std::fs::metadata(BINARY)?.len() as f64 / 1e6)
}

/// The binary running; killed when dropped, which is what it must stand anyway.
pub struct Daemon(Child);

impl Daemon {
    /// Starts it on the `orchestrator.toml` of a folder, with its data there, and waits until it says that it is
    /// ready, as systemd does; also how long that took.
    pub fn start(folder: &Path) -> anyhow::Result<(Self, Duration)> {
        let place = folder.join("notify");
        std::fs::remove_file(&place).ok();
        let socket = UnixDatagram::bind(&place)?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        let began = Instant::now();
        let child = Command::new(BINARY)
            .args(["--config"])
            .arg(folder.join("orchestrator.toml"))
            .arg("--data")
            .arg(folder)
            .arg("run")
            .env("NOTIFY_SOCKET", &place)
            .env("SALES_ORCHESTRATOR_HUBSPOT_TOKEN", "pat-eu1-sandbox")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let daemon = Self(child);
        let mut message = [0; 256];
        loop {
            let length = socket.recv(&mut message)?;
            if message.get(..length).is_some_and(|text| text.starts_with(b"READY=1")) {
                return Ok((daemon, began.elapsed()));
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
