//! `mail.activity.action_feedback`: completes a task. It also posts to the record's history, so twice is two
//! entries there.

use super::{Site, result};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde_json::{Value, json};
use url::Url;

/// Completes.
pub struct ActionFeedback<'a> {
    /// Server.
    pub site: &'a Site,
    /// The task.
    pub task: i64,
    /// Shown in the history.
    pub feedback: &'a str,
}

impl Call for ActionFeedback<'_> {
    type Out = ();
    const EFFECT: Effect = Effect::Creates;
    const NAME: &'static str = "odoo.action_feedback";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let arguments = json!({"ids": [self.task], "feedback": self.feedback});
        self.site.post(base, "mail.activity", "action_feedback", &arguments)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<(), Error> {
        // The id of the history entry, or false where the record beside it is gone.
        result::<Value>("mail.activity.action_feedback", parts, body).map(|_| ())
    }
}
