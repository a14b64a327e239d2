//! One record, and what the search index still believes of it.

use super::props::{PropId, Props};
use super::schema::{CREATED, MODIFIED, OBJECT_ID};
use crate::clock::iso;
use std::borrow::Cow;

#[derive(Clone, Debug)]
pub struct Record {
    pub id: u64,
    pub created: i64,
    pub updated: i64,
    pub archived: Option<i64>,
    pub props: Props,
    /// Values that were replaced or set after the create, oldest first.
    pub history: Vec<Past>,
    stale: Vec<Stale>,
}

/// A value that a property took at some time.
#[derive(Clone, Debug)]
pub struct Past {
    pub prop: PropId,
    pub value: String,
    pub at: i64,
    pub source: &'static str,
}

/// What the index shows until `until`; no view = the record isn't indexed yet.
#[derive(Clone, Debug)]
struct Stale {
    until: i64,
    view: Option<View>,
}

/// A record as the index sees it.
#[derive(Clone, Debug)]
pub struct View {
    pub props: Props,
    pub updated: i64,
    pub archived: bool,
}

impl Record {
    pub fn new(id: u64, at: i64, props: Props) -> Self {
        Self { id, created: at, updated: at, archived: None, props, history: Vec::new(), stale: Vec::new() }
    }

    pub fn is_live(&self) -> bool {
        self.archived.is_none()
    }

    /// The value of a property, with the three that are fields written as HubSpot writes them.
    pub fn value(&self, prop: PropId) -> Option<Cow<'_, str>> {
        match prop {
            OBJECT_ID => Some(self.id.to_string().into()),
            CREATED => Some(iso(self.created).into()),
            MODIFIED => Some(iso(self.updated).into()),
            _ => self.props.get(prop).map(Cow::Borrowed),
        }
    }

    /// Call before a change: the index goes on showing the present state until `until`.
    pub fn leave_in_index(&mut self, now: i64, until: i64) {
        let view = View { props: self.props.clone(), updated: self.updated, archived: !self.is_live() };
        self.remember(now, until, Some(view));
    }

    /// Call after a create: the index doesn't know the record until `until`.
    pub fn hide_from_index(&mut self, now: i64, until: i64) {
        self.remember(now, until, None);
    }

    fn remember(&mut self, now: i64, until: i64, view: Option<View>) {
        self.stale.retain(|old| old.until > now);
        // A later change never becomes visible before an earlier one.
        let until = self.stale.last().map_or(until, |last| last.until.max(until));
        if until > now {
            self.stale.push(Stale { until, view });
        }
    }

    /// What the index shows at `now`; `None` where it doesn't know the record.
    pub fn indexed(&self, now: i64) -> Option<Indexed<'_>> {
        match self.stale.iter().find(|old| old.until > now) {
            Some(Stale { view: None, .. }) => None,
            Some(Stale { view: Some(v), .. }) => {
                Some(Indexed { record: self, props: &v.props, updated: v.updated, archived: v.archived })
            }
            None => Some(Indexed {
                record: self,
                props: &self.props,
                updated: self.updated,
                archived: !self.is_live(),
            }),
        }
    }
}

/// A record through the eyes of the index.
#[derive(Clone, Copy, Debug)]
pub struct Indexed<'a> {
    pub record: &'a Record,
    pub props: &'a Props,
    pub updated: i64,
    pub archived: bool,
}

impl Indexed<'_> {
    pub fn text(&self, prop: PropId) -> Option<Cow<'_, str>> {
        match prop {
            OBJECT_ID | CREATED => self.record.value(prop),
            MODIFIED => Some(iso(self.updated).into()),
            _ => self.props.get(prop).map(Cow::Borrowed),
        }
    }

    /// The numeric fields without a detour over text.
    pub fn number(&self, prop: PropId) -> Option<i64> {
        match prop {
            OBJECT_ID => i64::try_from(self.record.id).ok(),
            CREATED => Some(self.record.created),
            MODIFIED => Some(self.updated),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_shows_the_old_value_until_each_change_has_arrived() {
        // given a record created at 0 and visible from 10
        let mut record = Record::new(1, 0, Props::pack([(5, "a".to_owned())]));
        record.hide_from_index(0, 10);
        // when it changes at 4 with a lag that would make the change visible before the create
        record.leave_in_index(4, 8);
        record.props = record.props.with([(5, "b".to_owned())]);
        // then nothing is seen before 10, and from then on the new value
        assert!(record.indexed(9).is_none());
        assert_eq!(record.indexed(10).and_then(|i| i.text(5).map(Cow::into_owned)), Some("b".to_owned()));
        // and a change at 20 with lag 5 is shown at 25
        record.leave_in_index(20, 25);
        record.props = record.props.with([(5, "c".to_owned())]);
        assert_eq!(record.indexed(24).and_then(|i| i.text(5).map(Cow::into_owned)), Some("b".to_owned()));
        assert_eq!(record.indexed(25).and_then(|i| i.text(5).map(Cow::into_owned)), Some("c".to_owned()));
    }
}
