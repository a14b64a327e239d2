//! The sandbox as a process of its own.

use crate::clock::wall;
use crate::config::{Config, OauthApp};
use crate::core::Sandbox;
use crate::fault::Seeded;
use crate::google::Setup;
use crate::load::LoadError;
use crate::team::Size;
use crate::world::{Weights, World};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

/// What a command line may ask for.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 = any free port.
    pub port: u16,
    pub seed: u64,
    /// Size of the generated team; contacts and `wide` may be overridden below.
    pub size: Size,
    /// CSV folder to load instead of generating a team.
    pub load: Option<PathBuf>,
    /// No limits and no index lag.
    pub unthrottled: bool,
    /// Faulty requests of a thousand.
    pub faults_per_mille: u32,
    /// So many people of the team also have a mailbox and a calendar at Google, in which things happen.
    pub mailboxes: usize,
    /// Milliseconds between two changes by people; 0 = the account stands still.
    pub world_every_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            size: Size::demo(),
            load: None,
            unthrottled: false,
            faults_per_mille: 0,
            mailboxes: 0,
            world_every_ms: 0,
        }
    }
}

/// Why a sandbox process couldn't start or go on.
#[derive(Debug)]
pub enum Error {
    Load(LoadError),
    Listen(SocketAddr, std::io::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "can't listen on {address}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl Options {
    /// The account that the options describe, by the wall clock. It takes the default token and has the default OAuth app.
    pub fn sandbox(&self) -> Result<Arc<Sandbox>, Error> {
        let base = if self.unthrottled { Config::plain(self.seed) } else { Config::seeded(self.seed) };
        let faults = (self.faults_per_mille > 0).then(|| Seeded::rate(self.faults_per_mille));
        let google = (self.mailboxes > 0).then(|| Setup { alive: true, ..Setup::default() });
        let config = Config { faults, google, oauth: Some(OauthApp::default()), ..base };
        let sandbox = Sandbox::new(&config, wall());
        match &self.load {
            Some(dir) => {
                sandbox.load_csv(dir).map_err(Error::Load)?;
            }
            None => sandbox.populate(&self.size),
        }
        for address in sandbox.owner_addresses().iter().take(self.mailboxes) {
            sandbox.google().add_user(address);
        }
        Ok(sandbox)
    }

    /// Listens on loopback, tells the address through `ready`, and serves until the future is dropped.
    pub async fn run(&self, ready: impl FnOnce(SocketAddr)) -> Result<(), Error> {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.port);
        let fail = |error| Error::Listen(address, error);
        let sandbox = self.sandbox()?;
        let listener = tokio::net::TcpListener::bind(address).await.map_err(fail)?;
        ready(listener.local_addr().map_err(fail)?);
        let moving = (self.world_every_ms > 0).then(|| {
            let world = World::new(&sandbox, self.seed, Weights::default());
            tokio::spawn(go_on(world, self.world_every_ms))
        });
        let ended = crate::serve(sandbox, listener).await.map_err(fail);
        if let Some(task) = moving {
            task.abort();
        }
        ended
    }
}

async fn go_on(mut world: World, every_ms: u64) {
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(every_ms));
    loop {
        beat.tick().await;
        world.tick();
    }
}
