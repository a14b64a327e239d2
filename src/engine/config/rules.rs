//! Section `[assignment]` of `agents.toml`.

use super::{entry::share, problem::Texts};
use crate::assign::{AssignRules, OverflowRules, Policy, Weights};
use serde::Deserialize;
use serde_spanned::Spanned;

/// One layer of the section.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesEntry {
    policy: Option<Policy>,
    weights: Option<Spanned<WeightsEntry>>,
    prior_cases: Option<u32>,
    half_life_days: Option<u32>,
    ageing_per_hour: Option<Spanned<u32>>,
    overflow: Option<OverflowEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsEntry {
    capability: f64,
    performance: f64,
    free_capacity: f64,
    specialisation: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverflowEntry {
    oldest_hours: Option<u32>,
    many: Option<u32>,
    many_hours: Option<u32>,
}

const KEY: &str = "assignment";

pub(super) fn apply(layer: RulesEntry, rules: &mut AssignRules, texts: &mut Texts<'_>) {
    rules.policy = layer.policy.unwrap_or(rules.policy);
    if let Some(entry) = layer.weights {
        weights(&entry, rules, texts);
    }
    rules.prior_cases = layer.prior_cases.unwrap_or(rules.prior_cases);
    rules.half_life_days = layer.half_life_days.unwrap_or(rules.half_life_days);
    if let Some(rate) = layer.ageing_per_hour {
        if *rate.get_ref() == 0 {
            texts.error(
                &rate.span(),
                KEY,
                "ageing_per_hour is at least 1, or tasks may wait for ever".into(),
                None,
            );
        }
        rules.ageing_per_hour = rate.into_inner().max(1);
    }
    if let Some(OverflowEntry { oldest_hours, many, many_hours }) = layer.overflow {
        let known = rules.overflow;
        rules.overflow = OverflowRules {
            oldest_hours: oldest_hours.unwrap_or(known.oldest_hours),
            many: many.unwrap_or(known.many),
            many_hours: many_hours.unwrap_or(known.many_hours),
        };
    }
}

fn weights(entry: &Spanned<WeightsEntry>, rules: &mut AssignRules, texts: &mut Texts<'_>) {
    let WeightsEntry { capability, performance, free_capacity, specialisation } = entry.get_ref();
    let mut read = |value: &f64| {
        share(*value, 1_000_000).unwrap_or_else(|| {
            texts.error(&entry.span(), KEY, format!("the weight {value} is not within 0 and 1"), None);
            0
        })
    };
    rules.weights = Weights {
        capability: read(capability),
        performance: read(performance),
        free: read(free_capacity),
        specialisation: read(specialisation),
    };
    let Weights { capability, performance, free, specialisation } = rules.weights;
    if capability + performance + free + specialisation != 1_000_000 {
        texts.warn(&entry.span(), KEY, "the weights don't add up to 1".into(), None);
    }
}
