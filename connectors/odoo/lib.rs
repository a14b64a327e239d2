//! Odoo 19 and later, by its JSON-2 API: deals with lost ones, partners, stages, users, activities as tasks,
//! notes and meetings; tasks, notes, stages and owners written back.
#![warn(missing_docs)]

mod calls;
mod check;
mod cursor;
mod read;
mod records;
mod text;
mod write;

use async_trait::async_trait;
use calls::Site;
use connect::{
    Account, Applied, Capabilities, Connector, Cx, Dedupe, Deletes, Descriptor, Error, ErrorKind, Landing,
    Maker, Options, Page,
    http::limit::{Bucket, HeaderNames},
};
use model::{ConnectionId, Cursor, Pass, Stream, Timestamp, Write, WriteKind};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// How the connector is made.
pub const MAKER: Maker =
    Maker { vendor: "odoo", provider: include_str!("../../config/providers/odoo.toml"), make };

/// The vendor's facts that the connector itself needs; the rest of the file is for others.
#[derive(Deserialize)]
struct Facts {
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    requests: u32,
    per_seconds: u64,
}

/// One connection to an Odoo.
pub struct Odoo {
    connection: ConnectionId,
    site: Site,
    descriptor: Descriptor,
}

/// Options of a connection, besides those that all connections have.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Extra {
    /// Name of the database, where the server has several.
    #[serde(default)]
    database: Option<Arc<str>>,
}

impl Odoo {
    /// Makes a connector; an option that Odoo does not have is an error.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let extra = serde_json::Value::Object(options.extra.clone());
        let Extra { database } = serde_json::from_value(extra).map_err(|error| {
            Error::unsent(ErrorKind::Config, format!("connection {}: {error}", options.connection))
        })?;
        let facts: Facts = toml::from_str(MAKER.provider).map_err(|error| {
            Error::unsent(ErrorKind::Config, format!("config/providers/odoo.toml: {error}"))
        })?;
        Ok(Self {
            connection: options.connection.clone(),
            site: Site { database },
            descriptor: descriptor(&facts),
        })
    }
}

fn make(options: &Options) -> Result<Arc<dyn Connector>, Error> {
    Ok(Arc::new(Odoo::new(options)?))
}

fn descriptor(facts: &Facts) -> Descriptor {
    Descriptor {
        vendor: "odoo",
        capabilities: Capabilities {
            // Odoo keeps no trace of a deleted record.
            reads: records::STREAMS.into_iter().map(|stream| (stream, Deletes::BySweep)).collect(),
            writes: vec![
                (WriteKind::CreateTask, Dedupe::UpsertByExternalId),
                (WriteKind::CompleteTask, Dedupe::Idempotent),
                (WriteKind::CreateNote, Dedupe::MarkerSearch),
                (WriteKind::ChangeStage, Dedupe::Idempotent),
                (WriteKind::ChangeOwner, Dedupe::Idempotent),
            ],
        },
        limits: facts.limits.iter().map(bucket).collect(),
        headers: HeaderNames::default(),
        visibility_lag: write::VISIBILITY_LAG,
    }
}

fn bucket(limit: &Limit) -> Bucket {
    // Odoo counts nothing; our own limit is for all calls alike.
    Bucket { name: "general", limit: limit.requests, per: Duration::from_secs(limit.per_seconds.max(1)) }
}

#[async_trait]
impl Connector for Odoo {
    fn describe(&self) -> &Descriptor {
        &self.descriptor
    }
    async fn check(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        self.account(cx).await
    }
    async fn poll(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        self.page(cx, stream, pass, from).await
    }
    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        self.write(cx, write).await
    }
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        self.look(cx, write, sent).await
    }
}
