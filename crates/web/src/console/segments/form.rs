//! The builder's form: groups of conditions, and how they are a rule and a rule is them.
//!
//! Two levels are enough for what people build by hand: groups that all or one of must hold, each of
//! conditions that all, one or none of hold. A rule of another shape is edited as JSON.

use super::leaf::{Fields, read, write};
use crate::guard::Signed;
use throughline_segments::Rule;

/// How conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum How {
    #[default]
    All,
    Any,
    None,
}

impl How {
    fn of(name: &str) -> Self {
        match name {
            "any" => Self::Any,
            "none" => Self::None,
            _ => Self::All,
        }
    }
}

/// Some conditions.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) how: How,
    pub(super) conditions: Vec<Fields>,
}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) how: How,
    pub(super) groups: Vec<Group>,
    /// The rule as JSON, where it is edited so.
    pub(super) json: Option<String>,
}

/// Groups and conditions of one form.
const MOST: usize = 20;

impl Form {
    /// A form with one group and one condition of a kind.
    pub(super) fn new() -> Self {
        let first = Group { how: How::All, conditions: vec![Fields::new("did")] };
        Self { groups: vec![first], ..Self::default() }
    }

    /// What was sent.
    pub(super) fn read(form: &Signed) -> Self {
        let mut found = Self {
            name: form.get("name").to_owned(),
            about: form.get("about").to_owned(),
            how: How::of(form.get("how")),
            groups: Vec::new(),
            json: Some(form.get("json").to_owned()).filter(|j| !j.trim().is_empty()),
        };
        for g in 0..MOST {
            let how = form.get(&format!("g{g}.how"));
            if how.is_empty() {
                break;
            }
            let mut group = Group { how: How::of(how), conditions: Vec::new() };
            for c in 0..MOST {
                let prefix = format!("g{g}.c{c}.");
                if form.get(&format!("{prefix}kind")).is_empty() {
                    break;
                }
                group.conditions.push(Fields::of(form, &prefix));
            }
            found.groups.push(group);
        }
        found
    }

    /// Does what a button says: `group`, `add:0`, `drop:0:1`.
    pub(super) fn act(&mut self, act: &str, form: &Signed) {
        let mut parts = act.split(':');
        let name = parts.next().unwrap_or_default();
        let mut number = || parts.next().and_then(|n| n.parse::<usize>().ok());
        match name {
            "group" if self.groups.len() < MOST => {
                self.groups.push(Group { how: How::All, conditions: vec![Fields::new("did")] });
            }
            "add" => {
                let Some(g) = number() else { return };
                let kind = form.get(&format!("g{g}.add")).to_owned();
                if let Some(group) = self.groups.get_mut(g).filter(|g| g.conditions.len() < MOST) {
                    group.conditions.push(Fields::new(&kind));
                }
            }
            "drop" => {
                let (Some(g), Some(c)) = (number(), number()) else { return };
                let Some(group) = self.groups.get_mut(g).filter(|group| c < group.conditions.len()) else { return };
                group.conditions.remove(c);
                if group.conditions.is_empty() && self.groups.len() > 1 {
                    self.groups.remove(g);
                }
            }
            _ => {}
        }
    }

    /// The rule; where it is none, what is wrong with it.
    pub(super) fn rule(&self) -> Result<Rule, String> {
        if let Some(json) = &self.json {
            return serde_json::from_str(json).map_err(|e| format!("the rule cannot be read as JSON: {e}"));
        }
        let mut groups = Vec::new();
        for (n, group) in self.groups.iter().enumerate() {
            let mut of = Vec::new();
            for (m, fields) in group.conditions.iter().enumerate() {
                let place = match self.groups.len() {
                    1 => format!("condition {}", m + 1),
                    _ => format!("condition {} of group {}", m + 1, n + 1),
                };
                of.push(read(fields).map_err(|e| format!("{place}: {e}"))?);
            }
            if of.is_empty() {
                return Err("there is no condition yet; add one".to_owned());
            }
            groups.push(match group.how {
                How::All => Rule::All(of),
                How::Any => Rule::Any(of),
                How::None => Rule::Not(Box::new(Rule::Any(of))),
            });
        }
        Ok(match self.how {
            How::Any => Rule::Any(groups),
            _ => Rule::All(groups),
        })
    }

    /// The form of a rule.
    pub(super) fn of(name: &str, about: &str, rule: &Rule) -> Self {
        let (how, groups) = groups_of(rule).unwrap_or_default();
        let json = groups.is_empty().then(|| serde_json::to_string_pretty(rule).unwrap_or_default());
        Self { name: name.to_owned(), about: about.to_owned(), how, groups, json }
    }
}

fn groups_of(rule: &Rule) -> Option<(How, Vec<Group>)> {
    let leaves = |of: &[Rule]| of.iter().map(write).collect::<Option<Vec<Fields>>>();
    let group = |rule: &Rule| -> Option<Group> {
        let (how, conditions) = match rule {
            Rule::All(of) => (How::All, leaves(of)?),
            Rule::Any(of) => (How::Any, leaves(of)?),
            Rule::Not(of) => match &**of {
                Rule::Any(of) => (How::None, leaves(of)?),
                one => (How::None, vec![write(one)?]),
            },
            one => (How::All, vec![write(one)?]),
        };
        Some(Group { how, conditions })
    };
    let (how, of) = match rule {
        Rule::All(of) => (How::All, of.as_slice()),
        Rule::Any(of) => (How::Any, of.as_slice()),
        one => (How::All, std::slice::from_ref(one)),
    };
    // Conditions side by side are one group.
    if let Some(conditions) = leaves(of) {
        return Some((How::All, vec![Group { how, conditions }]));
    }
    Some((how, of.iter().map(group).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_the_same_after_the_form() {
        let check = |json: &str, in_form: bool| {
            let rule: Rule = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
            let form = Form::of("n", "", &rule);
            assert_eq!(form.json.is_none(), in_form, "{json}");
            // A form makes groups of everything; made a form again it stands as it stood.
            let again = form.rule().unwrap_or_else(|e| panic!("{json}: {e}"));
            assert_eq!(Form::of("n", "", &again).rule(), Ok(again), "{json}");
        };
        check(
            r#"{"did": {"what": {"events": ["A", "B"], "channels": ["web"]}, "times": {"at_least": 2}, "when": {"last": "90d"}}}"#,
            true,
        );
        check(r#"{"all": [{"any": [{"allows": "x"}, {"known": "email"}]}, {"not": {"any": [{"in": 3}]}}]}"#, true);
        check(r#"{"sum": {"what": {"events": ["A"]}, "currency": "EUR", "minor": {"at_least": 25050}}}"#, true);
        check(
            r#"{"sequence": {"steps": [{"events": ["A"]}, {"events": ["B"]}], "within": "2d", "then_not": {"what": {"events": ["C"]}, "within": "5d"}}}"#,
            true,
        );
        check(
            r#"{"score": {"kind": "nps", "which": "last", "value": {"at_most": 6.0}, "when": {"before": "30d"}}}"#,
            true,
        );
        check(r#"{"said": {"words": ["too late", "broken"]}}"#, true);
        check(r#"{"trait": {"name": "age", "is": {"number": {"at_least": 18.0}}}}"#, true);
        check(
            r#"{"last": {"what": {"events": ["A"], "with": [{"dimension": "property:c", "value": "x"}]}, "ago": {"at_least": "36h"}}}"#,
            true,
        );
        check(r#"{"all": [{"any": [{"all": [{"allows": "x"}]}]}]}"#, false);
        check(
            r#"{"did": {"what": {"worth": {"currency": "EUR", "minor": {"at_least": 1}}}, "times": {"at_least": 1}}}"#,
            false,
        );
    }
}
