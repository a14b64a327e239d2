//! Conditions: CEL expressions over what is known of one deal or lead.
//!
//! An expression is parsed and walked against the table of fields when the configuration is read, so that a
//! misspelt field is an error there and not a condition that never holds.

use super::fields::{self, Shape};
use cel::{
    Context, Env, Program, Value,
    common::ast::{Expr, IdedExpr},
};
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock},
};

/// Building the standard library costs more than a hundred evaluations: once per process.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Functions of CEL's standard library that conditions may call.
const FUNCTIONS: [&str; 8] =
    ["size", "contains", "startsWith", "endsWith", "int", "double", "string", "@not_strictly_false"];

/// A checked condition.
#[derive(Clone)]
pub struct Condition {
    source: Box<str>,
    program: Arc<Program>,
    reads: Box<[Box<str>]>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// What is wrong with a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConditionError {
    /// In words.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Something that it reads is not known; counts as no.
    Unknown,
}

impl Condition {
    /// Parses and checks an expression; `signals` are the names that may follow `signal.`.
    pub fn compile(source: &str, signals: &[&str]) -> Result<Self, ConditionError> {
        let program = Program::compile(source).map_err(|errors| {
            let first = errors.errors.first().map_or_else(|| errors.to_string(), |error| error.msg.clone());
            ConditionError { message: format!("not a CEL expression: {first}"), suggestion: None }
        })?;
        let mut walk = Walk { signals, bound: Vec::new(), reads: BTreeSet::new() };
        walk.shape(program.expression())?;
        let reads = walk.reads.into_iter().map(String::into_boxed_str).collect();
        let condition = Self { source: source.into(), program: Arc::new(program), reads };
        condition.try_out(signals)?;
        Ok(condition)
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The fields that it reads (`deal.amount`, `signal.enterprise`), sorted.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(AsRef::as_ref)
    }

    /// It rests on signals that come before it.
    pub fn reads_signals(&self) -> bool {
        self.reads().any(|field| field.starts_with("signal."))
    }

    /// Evaluates it.
    pub fn holds(&self, scope: &Scope) -> Holds {
        match self.program.execute(&scope.0) {
            Ok(Value::Bool(true)) => Holds::Yes,
            Ok(Value::Bool(false)) => Holds::No,
            Ok(_) | Err(_) => Holds::Unknown,
        }
    }

    /// Evaluates it once on a record that has every field: types that don't fit show here.
    fn try_out(&self, signals: &[&str]) -> Result<(), ConditionError> {
        let wrong = |message: String| Err(ConditionError { message, suggestion: None });
        match self.program.execute(&fields::sample(signals).0) {
            Ok(Value::Bool(_)) => Ok(()),
            Ok(other) => wrong(format!("gives {}, not true or false", other.type_of())),
            Err(error) => wrong(error.to_string()),
        }
    }
}

/// The values that conditions are evaluated on.
pub struct Scope(Context<'static, 'static>);

impl Scope {
    /// Nothing known.
    pub fn new() -> Self {
        Self(Context::with_env(Arc::clone(&STANDARD)))
    }
    /// Sets a root (`deal`, `signal`).
    pub fn set(&mut self, root: &str, value: Value) {
        self.0.add_variable_from_value(root, value);
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::new()
    }
}

/// Walks an expression, resolving every name to a field of the table.
struct Walk<'a> {
    signals: &'a [&'a str],
    /// Variables of macros (`contacts.exists(c, ...)`) with what they stand for, innermost last.
    bound: Vec<(&'a str, Shape, String)>,
    reads: BTreeSet<String>,
}

/// What an expression stands for, and its path when it is a field.
type Found = (Shape, String);

impl<'a> Walk<'a> {
    fn shape(&mut self, expression: &'a IdedExpr) -> Result<Found, ConditionError> {
        let none = || Ok((Shape::Value, String::new()));
        match &expression.expr {
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                let (shape, path) = self.shape(&select.operand)?;
                self.field(shape, &path, &select.field)
            }
            Expr::Call(call) => {
                function(&call.func_name)?;
                call.target
                    .iter()
                    .map(AsRef::as_ref)
                    .chain(&call.args)
                    .try_for_each(|part| self.read(part))?;
                none()
            }
            Expr::List(list) => {
                list.elements.iter().try_for_each(|part| self.read(part))?;
                none()
            }
            Expr::Comprehension(all) => {
                let (shape, path) = self.shape(&all.iter_range)?;
                let depth = self.bound.len();
                self.bound.push((&all.iter_var, shape.element(), path));
                self.bound.push((&all.accu_var, Shape::Value, String::new()));
                for part in [&all.accu_init, &all.loop_cond, &all.loop_step, &all.result] {
                    self.read(part)?;
                }
                self.bound.truncate(depth);
                none()
            }
            Expr::Literal(_) => none(),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                Err(ConditionError { message: "maps and structs have no use here".into(), suggestion: None })
            }
        }
    }

    /// A part of which the value is used: a field that ends here is read.
    fn read(&mut self, expression: &'a IdedExpr) -> Result<(), ConditionError> {
        self.shape(expression).map(|_| ())
    }

    fn name(&mut self, name: &str) -> Result<Found, ConditionError> {
        if let Some((_, shape, path)) = self.bound.iter().rev().find(|(bound, ..)| *bound == name) {
            return Ok((*shape, path.clone()));
        }
        match fields::root(name) {
            Some(shape) => {
                if matches!(shape, Shape::List(_)) {
                    self.reads.insert(name.to_owned());
                }
                Ok((shape, name.to_owned()))
            }
            None => Err(unknown("name", name, fields::ROOTS.iter().map(|(root, _)| *root))),
        }
    }

    fn field(&mut self, shape: Shape, path: &str, field: &str) -> Result<Found, ConditionError> {
        let full = format!("{path}.{field}");
        let found = match shape {
            Shape::Record(known) => match known.iter().find(|(name, _)| *name == field) {
                Some((_, shape)) => *shape,
                None => return Err(unknown("field", &full, known.iter().map(|(name, _)| *name))),
            },
            Shape::Signals if self.signals.contains(&field) => Shape::Value,
            Shape::Signals => return Err(unknown("signal", &full, self.signals.iter().copied())),
            Shape::Value | Shape::Int | Shape::Flag | Shape::List(_) => {
                let message = format!("{path} has no fields, so there is no {full}");
                return Err(ConditionError { message, suggestion: None });
            }
        };
        self.reads.insert(full.clone());
        Ok((found, full))
    }
}

fn function(name: &str) -> Result<(), ConditionError> {
    // Operators are spelt with characters that no function's name has (`_&&_`).
    let operator = name.starts_with(|c: char| !c.is_ascii_alphabetic()) && name != "@not_strictly_false";
    if operator || FUNCTIONS.contains(&name) {
        return Ok(());
    }
    Err(unknown("function", name, FUNCTIONS.into_iter().filter(|name| !name.starts_with('@'))))
}

/// The error for a name that is not in a list, with the nearest one that is.
fn unknown<'n>(what: &str, full: &str, known: impl Iterator<Item = &'n str>) -> ConditionError {
    let (prefix, last) = full.rsplit_once('.').map_or(("", full), |(prefix, last)| (prefix, last));
    let suggestion = crate::config::nearest(last, known).map(|near| match prefix {
        "" => near.to_owned(),
        _ => format!("{prefix}.{near}"),
    });
    ConditionError { message: format!("there is no {what} `{full}`"), suggestion }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> ConditionError {
        Condition::compile(source, &["enterprise", "bant_complete"]).unwrap_err()
    }

    #[test]
    fn a_misspelt_name_is_an_error_with_what_was_meant() {
        for (source, meant) in [
            ("deal.amout > 50000.0", "deal.amount"),
            ("compny.employees > 10", "company"),
            ("signal.bant_complet", "signal.bant_complete"),
            ("contacts.exists(c, c.emial == 'x')", "contacts.email"),
            ("company.name.startWith('A')", "startsWith"),
            ("has(deal.competitors)", "deal.competitor"),
        ] {
            assert_eq!(error(source).suggestion.as_deref(), Some(meant), "{source}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for source in ["deal.amount", "deal.name > 5", "deal.amount >", "deal.amount.value > 1", "{'a': 1}"] {
            assert!(!error(source).message.is_empty(), "{source}");
        }
    }

    #[test]
    fn a_condition_knows_what_it_reads() {
        let source = "deal.amount > 50000 && contacts.exists(c, c.email == 'a@b.c') || signal.enterprise";
        let condition = Condition::compile(source, &["enterprise"]).unwrap();
        let reads: Vec<_> = condition.reads().collect();
        assert_eq!(reads, ["contacts", "contacts.email", "deal.amount", "signal.enterprise"]);
    }
}
