//! Property definitions of one object type.

use super::catalog;
use super::kinds::Kind;
use super::props::PropId;
use std::collections::BTreeMap;

/// HubSpot's property types, as far as values are checked by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    Area,
    Number,
    Bool,
    Date,
    Datetime,
    Enumeration,
    Phone,
    /// An enumeration without options that refers to owners.
    Owner,
}

impl Type {
    /// (`type`, `fieldType`) on the wire.
    pub fn wire(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("string", "text"),
            Self::Area => ("string", "textarea"),
            Self::Number => ("number", "number"),
            Self::Bool => ("bool", "booleancheckbox"),
            Self::Date => ("date", "date"),
            Self::Datetime => ("datetime", "date"),
            Self::Enumeration | Self::Owner => ("enumeration", "select"),
            Self::Phone => ("phone_number", "phonenumber"),
        }
    }

    /// From the `type` of a property that a client defines.
    pub fn from_wire(kind: &str) -> Option<Self> {
        Some(match kind {
            "string" => Self::Text,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "date" => Self::Date,
            "datetime" => Self::Datetime,
            "enumeration" => Self::Enumeration,
            "phone_number" => Self::Phone,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Definition {
    pub name: String,
    pub label: String,
    pub group: String,
    pub kind: Type,
    pub field_type: String,
    /// (value, label)
    pub options: Vec<(String, String)>,
    pub unique: bool,
    pub read_only: bool,
    /// Defined by HubSpot, not by the account.
    pub built_in: bool,
    pub created: Option<i64>,
    /// `"name":`, escaped and quoted, ready to be written before a value.
    pub key: String,
}

impl Definition {
    pub fn new(name: &str, kind: Type, group: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: name.replace('_', " "),
            group: group.to_owned(),
            kind,
            field_type: kind.wire().1.to_owned(),
            options: Vec::new(),
            unique: false,
            read_only: false,
            built_in: true,
            created: None,
            key: format!("{}:", serde_json::Value::from(name)),
        }
    }
}

/// All properties of an object type. Ids are positions and never change.
#[derive(Clone, Debug)]
pub struct Schema {
    pub kind: Kind,
    defs: Vec<Definition>,
    by_name: BTreeMap<String, PropId>,
    /// (name, label)
    pub groups: Vec<(String, String)>,
}

/// These three are kept as fields of the record, not as values.
pub const OBJECT_ID: PropId = 0;
pub const CREATED: PropId = 1;
pub const MODIFIED: PropId = 2;

impl Schema {
    pub fn built_in(kind: Kind) -> Self {
        let group = catalog::group(kind);
        let mut schema = Self {
            kind,
            defs: Vec::new(),
            by_name: BTreeMap::new(),
            groups: vec![catalog::group_label(kind)],
        };
        let system = [
            ("hs_object_id", Type::Number),
            (kind.created_property(), Type::Datetime),
            (kind.modified_property(), Type::Datetime),
        ];
        for (name, type_) in system {
            schema.add(Definition { read_only: true, ..Definition::new(name, type_, group) });
        }
        for definition in catalog::definitions(kind) {
            schema.add(definition);
        }
        schema
    }

    pub fn add(&mut self, definition: Definition) -> PropId {
        let id = PropId::try_from(self.defs.len()).unwrap_or(PropId::MAX);
        self.by_name.insert(definition.name.clone(), id);
        self.defs.push(definition);
        id
    }

    pub fn id(&self, name: &str) -> Option<PropId> {
        self.by_name.get(name).copied()
    }

    pub fn def(&self, id: PropId) -> Option<&Definition> {
        self.defs.get(usize::from(id))
    }

    pub fn named(&self, name: &str) -> Option<&Definition> {
        self.def(self.id(name)?)
    }

    pub fn name(&self, id: PropId) -> &str {
        self.def(id).map_or("", |d| d.name.as_str())
    }

    /// In order of name, as HubSpot writes them.
    pub fn by_name(&self) -> impl Iterator<Item = (PropId, &Definition)> {
        self.by_name.values().filter_map(|id| Some((*id, self.def(*id)?)))
    }

    pub fn unique_ids(&self) -> Vec<PropId> {
        self.by_name().filter(|(_, d)| d.unique).map(|(id, _)| id).collect()
    }

    pub fn set_options(&mut self, name: &str, options: Vec<(String, String)>) {
        if let Some(def) = self.id(name).and_then(|id| self.defs.get_mut(usize::from(id))) {
            def.options = options;
        }
    }
}
