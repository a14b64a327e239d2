//! `stages.toml`: its layers, laid over each other, checked and typed.

use super::{
    actions::{self, ActionEntry, Kind},
    entry::overlay,
    names,
    problem::{Span, Texts, nearest},
};
use crate::{
    assign::Policies,
    flow::{
        ActionSpec, Condition, Next, Segment, SignalSpec, StageBook, StageSpec, TransitionMode,
        TransitionSpec, TriggerSpec,
    },
    metrics::Metric,
};
use model::{AgentId, Stage, work::Policy};
use serde::Deserialize;
use serde_spanned::Spanned;
use std::{collections::BTreeMap, fmt::Write as _};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    leads: Option<LeadsEntry>,
    advance: Option<ActionEntry>,
    #[serde(default)]
    segment: Vec<SegmentEntry>,
    #[serde(default)]
    signal: Vec<SignalEntry>,
    #[serde(default)]
    stage: Vec<StageEntry>,
    #[serde(default)]
    any_stage: Vec<ActionEntry>,
    #[serde(default)]
    trigger: Vec<TriggerEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadsEntry {
    ended_when: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentEntry {
    id: Spanned<String>,
    remove: Option<bool>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalEntry {
    id: Spanned<String>,
    remove: Option<bool>,
    when: Option<Spanned<String>>,
    phrase: Option<bool>,
    says: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageEntry {
    id: Spanned<Stage>,
    primary: Option<Spanned<String>>,
    policy: Option<Policy>,
    metrics: Option<Vec<Spanned<String>>>,
    raises: Option<Vec<String>>,
    #[serde(default)]
    action: Vec<ActionEntry>,
    #[serde(default)]
    support: Vec<ActionEntry>,
    transition: Option<TransitionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransitionEntry {
    remove: Option<bool>,
    to: Option<Spanned<String>>,
    when: Option<Spanned<String>>,
    mode: Option<Mode>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Off,
    Suggest,
    Auto,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggerEntry {
    id: Spanned<String>,
    remove: Option<bool>,
    #[serde(default)]
    action: Vec<ActionEntry>,
}

/// Where actions of any stage stand, in problems.
pub(super) const ANY_STAGE: &str = "any_stage";

/// Where things stand, for checks across files.
#[derive(Default)]
pub(super) struct StageMarks {
    pub primary: BTreeMap<Stage, Span>,
    /// (stage or trigger, action id, agent) of each action.
    pub action: BTreeMap<(String, Box<str>, Option<AgentId>), Span>,
    pub stage: BTreeMap<Stage, Span>,
    /// What entering a stage means to agents.
    pub raises: Vec<String>,
    /// How somebody is picked for actions and stages that say so.
    pub policies: Policies,
}

/// An entry of a list that is overlaid by id.
trait Entry {
    fn id(&self) -> &Spanned<String>;
    fn removes(&self) -> bool;
    fn lay_over(&mut self, over: Self);
}

impl Entry for SegmentEntry {
    fn id(&self) -> &Spanned<String> {
        &self.id
    }
    fn removes(&self) -> bool {
        self.remove.unwrap_or_default()
    }
    fn lay_over(&mut self, over: Self) {
        overlay!(self, over; name);
    }
}

impl Entry for SignalEntry {
    fn id(&self) -> &Spanned<String> {
        &self.id
    }
    fn removes(&self) -> bool {
        self.remove.unwrap_or_default()
    }
    fn lay_over(&mut self, over: Self) {
        overlay!(self, over; when, phrase, says);
    }
}

impl Entry for TriggerEntry {
    fn id(&self) -> &Spanned<String> {
        &self.id
    }
    fn removes(&self) -> bool {
        self.remove.unwrap_or_default()
    }
    fn lay_over(&mut self, over: Self) {
        actions::merge(&mut self.action, over.action);
    }
}

fn merge<E: Entry>(mut base: Vec<E>, user: Vec<E>) -> Vec<E> {
    for over in user {
        let at = base.iter().position(|known| known.id().get_ref() == over.id().get_ref());
        match at {
            Some(at) if over.removes() => drop(base.remove(at)),
            Some(at) => base.get_mut(at).into_iter().zip([over]).for_each(|(base, over)| base.lay_over(over)),
            None if over.removes() => {}
            None => base.push(over),
        }
    }
    base
}

fn merge_stages(mut base: Vec<StageEntry>, user: Vec<StageEntry>) -> Vec<StageEntry> {
    for over in user {
        let Some(known) = base.iter_mut().find(|known| known.id.get_ref() == over.id.get_ref()) else {
            base.push(over);
            continue;
        };
        actions::merge(&mut known.action, over.action);
        actions::merge(&mut known.support, over.support);
        overlay!(known, over; primary, policy, metrics, raises);
        known.transition = match (known.transition.take(), over.transition) {
            (_, Some(over)) if over.remove.unwrap_or_default() => None,
            (Some(mut base), Some(over)) => {
                overlay!(base, over; to, when, mode);
                Some(base)
            }
            (base, over) => over.or(base),
        };
    }
    base
}

/// Reads both layers; what is wrong is noted in `texts`.
pub(super) fn read(texts: &mut Texts<'_>) -> (StageBook, StageMarks) {
    let (builtin, user): (File, File) = texts.parse();
    let mut marks = StageMarks::default();
    let signals = signals(merge(builtin.signal, user.signal), texts);
    let names: Vec<&str> = signals.iter().map(|signal| &*signal.id).collect();
    let mut reader = Reader { texts, names: &names, marks: &mut marks };
    let mut stages: Vec<_> =
        merge_stages(builtin.stage, user.stage).into_iter().map(|entry| reader.stage(entry)).collect();
    stages.sort_by_key(|spec| spec.stage);
    let mut any_stage = builtin.any_stage;
    actions::merge(&mut any_stage, user.any_stage);
    let any_stage = reader.actions(any_stage, ANY_STAGE, Kind::AnyStage);
    let triggers = merge(builtin.trigger, user.trigger);
    let triggers = triggers.into_iter().map(|entry| reader.trigger(entry)).collect();
    let advance = match (builtin.advance, user.advance) {
        (Some(mut base), Some(over)) => {
            base.lay_over(over);
            Some(base)
        }
        (base, over) => over.or(base),
    };
    let ended = [user.leads, builtin.leads].into_iter().flatten().find_map(|leads| leads.ended_when);
    let lead_ended = ended.and_then(|source| reader.condition(&source, "leads"));
    let advance = reader.advance(advance);
    let segments = merge(builtin.segment, user.segment).into_iter().map(|entry| {
        let id = entry.id.into_inner();
        Segment { name: entry.name.unwrap_or_else(|| id.clone()), id: id.into() }
    });
    let segments = segments.collect();
    let mut book = StageBook {
        stages,
        signals,
        any_stage,
        triggers,
        segments,
        lead_ended,
        advance,
        hash: "".into(),
        phrases: None,
    };
    book.hash = hash(&book);
    (book, marks)
}

fn hash(book: &StageBook) -> Box<str> {
    let mut text = String::with_capacity(32);
    for byte in model::hash::digest(&[&format!("{book:?}")]) {
        // Writing to a String never fails.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text.into()
}

/// Compiles the signals in order; each may use those before it.
fn signals(entries: Vec<SignalEntry>, texts: &mut Texts<'_>) -> Vec<SignalSpec> {
    let mut signals: Vec<SignalSpec> = Vec::new();
    for entry in entries {
        let key = format!("signal {}", entry.id.get_ref());
        let Some(when) = entry.when else {
            texts.error(&entry.id.span(), &key, "a new signal needs `when`".into(), None);
            continue;
        };
        let names: Vec<&str> = signals.iter().map(|signal| &*signal.id).collect();
        let mut marks = StageMarks::default();
        let when = Reader { texts, names: &names, marks: &mut marks }.condition(&when, &key);
        // A wrong one keeps its name, so that those who use it raise no errors of their own.
        if let Some(when) = when.or_else(|| Condition::compile("false", &[]).ok()) {
            let (phrase, id) = (entry.phrase.unwrap_or_default(), entry.id.into_inner());
            let says = entry.says.unwrap_or_else(|| id.replace('_', " ")).into();
            signals.push(SignalSpec { id: id.into(), when, phrase, says });
        }
    }
    signals
}

/// Turns entries into specifications, noting what is wrong and where things stand.
pub(super) struct Reader<'r, 't, 'n> {
    pub texts: &'r mut Texts<'t>,
    pub names: &'r [&'n str],
    pub marks: &'r mut StageMarks,
}

impl Reader<'_, '_, '_> {
    pub fn condition(&mut self, source: &Spanned<String>, key: &str) -> Option<Condition> {
        match Condition::compile(source.get_ref(), self.names) {
            Ok(condition) => Some(condition),
            Err(error) => {
                self.texts.error(&source.span(), key, error.message, error.suggestion);
                None
            }
        }
    }

    fn stage(&mut self, entry: StageEntry) -> StageSpec {
        let (span, stage) = (entry.id.span(), entry.id.into_inner());
        let key = format!("stage {stage}");
        self.marks.stage.insert(stage, span.clone());
        let primary = if let Some(primary) = entry.primary {
            self.marks.primary.insert(stage, primary.span());
            AgentId::new(primary.into_inner())
        } else {
            self.texts.error(&span, &key, "a stage needs a `primary` agent".into(), None);
            AgentId::from("")
        };
        let raises = entry.raises.unwrap_or_default();
        self.marks.raises.extend_from_slice(&raises);
        self.marks.policies.stages.extend(entry.policy.map(|policy| (stage, policy)));
        StageSpec {
            stage,
            primary,
            actions: self.actions(entry.action, stage.name(), Kind::Action),
            supports: self.actions(entry.support, stage.name(), Kind::Support),
            transition: entry.transition.and_then(|entry| self.transition(entry, stage, &span)),
            metrics: self.metrics(entry.metrics.unwrap_or_default(), &key),
            raises: raises.into_iter().map(Into::into).collect(),
        }
    }

    fn actions(&mut self, entries: Vec<ActionEntry>, place: &str, kind: Kind) -> Vec<ActionSpec> {
        entries.into_iter().filter_map(|entry| actions::action(entry, place, kind, self)).collect()
    }

    fn trigger(&mut self, entry: TriggerEntry) -> TriggerSpec {
        let id = entry.id.into_inner();
        TriggerSpec { actions: self.actions(entry.action, &id, Kind::Trigger), id: id.into() }
    }

    fn advance(&mut self, entry: Option<ActionEntry>) -> ActionSpec {
        let spec = entry.and_then(|entry| actions::action(entry, "advance", Kind::Trigger, self));
        // Without one the file is refused anyway.
        spec.unwrap_or_else(actions::nothing)
    }

    fn metrics(&mut self, names: Vec<Spanned<String>>, key: &str) -> Vec<Box<str>> {
        for name in names.iter().filter(|name| Metric::find(name.get_ref()).is_none()) {
            let meant = nearest(name.get_ref(), names::metrics()).map(Into::into);
            self.texts.error(&name.span(), key, format!("unknown metric `{}`", name.get_ref()), meant);
        }
        names.into_iter().map(|name| name.into_inner().into()).collect()
    }

    fn transition(&mut self, entry: TransitionEntry, from: Stage, stage: &Span) -> Option<TransitionSpec> {
        let key = format!("transition from {from}");
        let Some((to, when)) = entry.to.zip(entry.when) else {
            self.texts.error(stage, &key, "a transition needs `to` and `when`".into(), None);
            return None;
        };
        let next = match to.get_ref().as_str() {
            "won" => Some(Next::Won),
            name => name.parse::<Stage>().ok().map(Next::Stage),
        };
        match next {
            None => {
                let known = Stage::ALL.into_iter().map(Stage::name).chain(["won"]);
                let meant = nearest(to.get_ref(), known).map(Into::into);
                self.texts.error(&to.span(), &key, format!("unknown stage `{}`", to.get_ref()), meant);
            }
            Some(Next::Stage(next)) if next <= from => {
                let message = format!("leads back to {next}: only people move a deal back");
                self.texts.error(&to.span(), &key, message, None);
            }
            Some(Next::Stage(_) | Next::Won) => {}
        }
        let when = self.condition(&when, &key);
        let mode = match entry.mode.unwrap_or(Mode::Suggest) {
            Mode::Off => TransitionMode::Off,
            Mode::Suggest => TransitionMode::Suggest,
            Mode::Auto => TransitionMode::Auto,
        };
        next.zip(when).map(|(to, when)| TransitionSpec { to, when, mode })
    }
}
