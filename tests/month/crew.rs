//! Agents as scripts: each reads its messages, answers offers and handoffs, and reports as its temper has it.

use super::team::{CREW, Temper, between, chance};
use crate::rig::Rig;
use engine::dice::Dice;
use model::{
    AgentId, MessageId, Timestamp,
    work::{
        Body, Message, ORCHESTRATOR, Party,
        message::{
            EscalationBody, EscalationStatus, HandoffBody, HandoffStatus, Lead, Status, StatusBody, TaskBody,
            TaskOutcome,
        },
    },
};
use std::{collections::BTreeMap, time::Duration};
use store::{Error, MessageFilter, Refusal};

/// Messages read at once.
const MOST: usize = 500;

/// Refusals by what was said and why it was refused.
type Refusals = BTreeMap<(&'static str, String), u64>;

/// What an agent means to do.
#[derive(Clone)]
enum Step {
    Say(Status, Option<TaskOutcome>),
    HandOff(&'static str),
    Escalate(&'static str),
    Answer(HandoffStatus),
    Acknowledge,
}

/// One conversation with what is still to be said in it.
struct Job {
    about: Box<str>,
    subject: Box<str>,
    conversation: Box<str>,
    steps: Vec<(Timestamp, Step)>,
}

struct Agent {
    id: AgentId,
    temper: Temper,
    dice: Dice,
    read: i64,
    jobs: Vec<Job>,
    said: u64,
}

/// All of them.
pub struct Crew {
    agents: Vec<Agent>,
    begun: Timestamp,
    /// What came of what they said, by kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was refused, and for what.
    pub refusals: Refusals,
}

impl Crew {
    pub fn new(seed: u64, begun: Timestamp) -> Self {
        let agent = |(at, temper): (u64, &Temper)| Agent {
            id: temper.id.into(),
            temper: *temper,
            dice: Dice::seeded(seed * 1_000 + at),
            read: 0,
            jobs: Vec::new(),
            said: 0,
        };
        let agents = (0..).zip(&CREW).map(agent).collect();
        Self { agents, begun, counts: BTreeMap::new(), refusals: BTreeMap::new() }
    }

    /// Everybody who is alive reads and says what it is time for.
    pub async fn act(&mut self, rig: &Rig) {
        let now = rig.now();
        let hour = now.since(self.begun).as_secs() / 3_600;
        for agent in &mut self.agents {
            if agent.temper.dead.iter().all(|(from, to)| hour < *from || *to <= hour) {
                agent.read(rig, now).await;
                agent.speak(rig, now, (&mut self.counts, &mut self.refusals)).await;
            }
        }
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

impl Agent {
    async fn read(&mut self, rig: &Rig, now: Timestamp) {
        let filter = MessageFilter { to: Some(self.id.as_str().into()), ..MessageFilter::default() };
        let by = Party::Agent(self.id.clone());
        for kept in rig.store.messages(&by, &filter, self.read, MOST).await.unwrap() {
            self.read = kept.seq;
            let message = kept.message;
            match &message.body {
                Body::Task(task) => {
                    let planned = self.plan(&message, task, now);
                    self.jobs.extend(planned);
                }
                // The giver's own words come as well; the daemon's name the handoff and have the whole package.
                Body::Handoff(asked) if asked.status == HandoffStatus::Requested => {
                    let Some(about) = asked.handoff_id.clone() else { continue };
                    let hours = between(&mut self.dice, (0, 40));
                    let yes = chance(&mut self.dice, 850);
                    let step = if yes { HandoffStatus::Confirmed } else { HandoffStatus::Declined };
                    let steps = vec![(now + minutes(60 * hours), Step::Answer(step))];
                    self.jobs.push(job(about, "", &message, steps));
                }
                Body::Escalation(asked) if asked.status == EscalationStatus::Open => {
                    let about = asked.escalation_id.clone().unwrap();
                    let steps = vec![(now + minutes(90), Step::Acknowledge)];
                    self.jobs.push(job(about, "", &message, steps));
                }
                Body::Handoff(_) | Body::Escalation(_) | Body::Status(_) => {}
            }
        }
    }

    /// What becomes of an offer; `None` when it says nothing at all.
    fn plan(&mut self, message: &Message, task: &TaskBody, now: Timestamp) -> Option<Job> {
        let (temper, dice) = (self.temper, &mut self.dice);
        let subject = task.task.params["subject"].as_str().unwrap();
        if chance(dice, temper.silent) {
            return None;
        }
        let mut at = now + minutes(between(dice, temper.answers));
        if chance(dice, temper.declines) {
            let steps = vec![(at, Step::Say(Status::Declined, None))];
            return Some(job(task.task.id.clone(), subject, message, steps));
        }
        let mut steps = vec![(at, Step::Say(Status::Accepted, None))];
        let time = between(dice, temper.takes);
        at = at + minutes(time / 3);
        steps.push((at, Step::Say(Status::InProgress, None)));
        if chance(dice, temper.blocks) {
            steps.push((at, Step::Say(Status::Blocked, None)));
            at = at + minutes(between(dice, (300, 6_000)));
            steps.push((at, Step::Say(Status::InProgress, None)));
        }
        if chance(dice, temper.escalates) {
            let enterprise = chance(dice, 300);
            let reason = if enterprise { "ENTERPRISE_COMPLEXITY" } else { "NEEDS_A_DECISION" };
            steps.push((at, Step::Escalate(reason)));
        }
        if let Some((to, _)) = temper.hands_off.filter(|(_, often)| chance(dice, *often)) {
            steps.push((at, Step::HandOff(to)));
        }
        at = at + minutes(time - time / 3);
        let (failed, outcome) = (chance(dice, temper.fails), dice.below(10));
        let end = match outcome {
            _ if failed => Step::Say(Status::Failed, None),
            0 => Step::Say(Status::Done, Some(TaskOutcome::Failure)),
            1 => Step::Say(Status::Done, Some(TaskOutcome::NoResult)),
            _ => Step::Say(Status::Done, Some(TaskOutcome::Success)),
        };
        steps.push((at, end));
        Some(job(task.task.id.clone(), subject, message, steps))
    }

    /// Says what it is time for; who was refused drops the matter.
    async fn speak(
        &mut self,
        rig: &Rig,
        now: Timestamp,
        (counts, refusals): (&mut BTreeMap<&'static str, u64>, &mut Refusals),
    ) {
        let mut jobs = std::mem::take(&mut self.jobs);
        for job in &mut jobs {
            while let Some((_, step)) = job.steps.first().filter(|(at, _)| *at <= now).cloned() {
                job.steps.remove(0);
                let said = self.say(rig, job, &step, now).await;
                let ok = said.is_ok();
                *counts.entry(if ok { kind(&step) } else { "refused" }).or_default() += 1;
                if let Err(refusal) = said {
                    *refusals.entry((kind(&step), format!("{refusal:?}"))).or_default() += 1;
                }
                let optional = matches!(step, Step::HandOff(_) | Step::Escalate(_));
                if !ok && !optional {
                    job.steps.clear();
                }
            }
        }
        jobs.retain(|job| !job.steps.is_empty());
        self.jobs = jobs;
    }

    /// Why it was refused, if it was. Now and then the same is said twice, as after a lost answer.
    async fn say(&mut self, rig: &Rig, job: &Job, step: &Step, now: Timestamp) -> Result<(), Refusal> {
        self.said += 1;
        let to = if let Step::HandOff(to) = step { *to } else { ORCHESTRATOR };
        let message = Message {
            id: MessageId::new(format!("{}-{}", self.id, self.said)),
            sent_at: now,
            conversation: job.conversation.clone(),
            in_reply_to: None,
            from: self.id.as_str().into(),
            to: to.into(),
            body: body(job, step),
        };
        let by = Party::Agent(self.id.clone());
        match rig.store.say(&by, message.clone(), now).await {
            Ok(first) => {
                if chance(&mut self.dice, 20) {
                    let again = rig.store.say(&by, message, now).await.unwrap();
                    assert!(again.repeated && again.effect == first.effect, "said twice, counted twice");
                }
                Ok(())
            }
            Err(Error::Refused { refusal, .. }) => Err(refusal),
            Err(error) => panic!("{} could not say {}: {error}", self.id, kind(step)),
        }
    }
}

fn job(about: Box<str>, subject: &str, message: &Message, steps: Vec<(Timestamp, Step)>) -> Job {
    Job { about, subject: subject.into(), conversation: message.conversation.clone(), steps }
}

fn kind(step: &Step) -> &'static str {
    match step {
        Step::Say(status, _) => status.name(),
        Step::HandOff(_) => "HANDOFF",
        Step::Escalate(_) => "ESCALATION",
        Step::Answer(status) => status.name(),
        Step::Acknowledge => "ACKNOWLEDGED",
    }
}

fn body(job: &Job, step: &Step) -> Body {
    match step {
        Step::Say(status, outcome) => Body::Status(status_body(&job.about, *status, *outcome)),
        Step::HandOff(_) => Body::Handoff(HandoffBody {
            handoff_id: None,
            status: HandoffStatus::Requested,
            lead: Some(Lead {
                id: job.subject.clone(),
                company: String::new(),
                contact: String::new(),
                stage: "HELP_WANTED".to_owned(),
                context: serde_json::Map::new(),
            }),
            reason: None,
        }),
        Step::Answer(status) => Body::Handoff(HandoffBody {
            handoff_id: Some(job.about.clone()),
            status: *status,
            lead: None,
            reason: (*status == HandoffStatus::Declined).then(|| "not mine".to_owned()),
        }),
        Step::Escalate(reason) => {
            let task = Some(job.about.clone());
            Body::Escalation(escalation_body(None, EscalationStatus::Open, task, reason))
        }
        Step::Acknowledge => {
            let about = Some(job.about.clone());
            Body::Escalation(escalation_body(about, EscalationStatus::Acknowledged, None, ""))
        }
    }
}

/// A STATUS; whatever needs a reason has one.
pub fn status_body(task: &str, status: Status, outcome: Option<TaskOutcome>) -> StatusBody {
    let reason = match status {
        Status::Declined | Status::Blocked | Status::Failed | Status::Cancelled => {
            Some("as the script has it")
        }
        Status::Accepted | Status::InProgress | Status::Done => None,
    };
    StatusBody {
        task_id: task.into(),
        status,
        progress: (status == Status::InProgress).then_some(30),
        metrics: BTreeMap::new(),
        outcome,
        result: None,
        reason: reason.map(str::to_owned),
        learnings: Vec::new(),
    }
}

/// An ESCALATION: a new one, or an answer to `about`.
pub fn escalation_body(
    about: Option<Box<str>>,
    status: EscalationStatus,
    task: Option<Box<str>>,
    reason: &str,
) -> EscalationBody {
    EscalationBody {
        escalation_id: about,
        status,
        deal_id: None,
        task_id: task,
        reason: reason.to_owned(),
        request: String::new(),
        context: serde_json::Map::new(),
        resolution: (status == EscalationStatus::Resolved).then(|| "settled".to_owned()),
    }
}
