//! The property values of one record, packed: half a million contacts of 36 properties must fit in memory.

/// Position of a property definition in the schema of its object type.
pub type PropId = u16;

/// Values sorted by property id; one text holds them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Props {
    ends: Box<[(PropId, u32)]>,
    text: Box<str>,
}

impl Props {
    /// Packs values; of two with the same id the later one counts.
    pub fn pack(values: impl IntoIterator<Item = (PropId, String)>) -> Self {
        let sorted: std::collections::BTreeMap<PropId, String> = values.into_iter().collect();
        let mut text = String::with_capacity(sorted.values().map(String::len).sum());
        let mut ends = Vec::with_capacity(sorted.len());
        for (id, value) in &sorted {
            text.push_str(value);
            ends.push((*id, u32::try_from(text.len()).unwrap_or(u32::MAX)));
        }
        Self { ends: ends.into(), text: text.into() }
    }

    pub fn get(&self, id: PropId) -> Option<&str> {
        let at = self.ends.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        let end = self.ends.get(at)?.1 as usize;
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before)?.1 as usize,
            None => 0,
        };
        self.text.get(start..end)
    }

    pub fn iter(&self) -> impl Iterator<Item = (PropId, &str)> {
        self.ends.iter().filter_map(|(id, _)| Some((*id, self.get(*id)?)))
    }

    /// The same values with some set anew.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = (PropId, String)>) -> Self {
        Self::pack(self.iter().map(|(id, value)| (id, value.to_owned())).chain(changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_packed() {
        let props = Props::pack([(7, "seven".to_owned()), (2, String::new()), (7, "again".to_owned())]);
        assert_eq!((props.get(2), props.get(7), props.get(3)), (Some(""), Some("again"), None));
        let next = props.with([(3, "three".to_owned()), (2, "two".to_owned())]);
        let all: Vec<_> = next.iter().collect();
        assert_eq!(all, [(2, "two"), (3, "three"), (7, "again")]);
    }
}
