//! The tracking plan: for each event a JSON Schema (draft 2020-12) of what it says, and what becomes of
//! an interaction that does not fit it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_interactions::Fault;

/// What becomes of what does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is taken, and said where events are watched.
    #[default]
    Watch,
    /// It is kept aside, to be mended or left out by a person.
    KeepAside,
}

impl Mode {
    /// Its name in JSON and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::KeepAside => "keep_aside",
        }
    }

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        [Self::Watch, Self::KeepAside].into_iter().find(|m| m.as_str() == name)
    }
}

/// What an event is to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The event's name, as it is sent.
    pub event: String,
    /// What it is for, in words; may be empty.
    #[serde(default)]
    pub note: String,
    /// The JSON Schema of what [`said`](crate::said()) makes of the interaction.
    pub schema: Value,
    /// What becomes of what does not fit.
    #[serde(default)]
    pub mode: Mode,
}

/// A plan that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The text is no JSON.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// The JSON is no schema.
    #[error("this is not a JSON Schema: {message}{}", at(.path))]
    NotASchema {
        /// What is wrong.
        message: String,
        /// Where in the schema, as a JSON pointer; empty for the whole.
        path: String,
    },
    /// It is too long to be checked for each interaction.
    #[error("a schema has at most 64 KB; this one has {0} bytes")]
    TooLarge(usize),
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", at {path}") }
}

impl Plan {
    /// The longest schema, in bytes.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// Reads a schema as a person wrote it.
    pub fn schema_of(text: &str) -> Result<Value, PlanError> {
        if text.len() > Self::MOST_BYTES {
            return Err(PlanError::TooLarge(text.len()));
        }
        let schema: Value = serde_json::from_str(text).map_err(|e| PlanError::NotJson(e.to_string()))?;
        Check::compile(&schema)?;
        Ok(schema)
    }
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breach {
    /// The field, such as `properties.price`; empty for the whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl From<Breach> for Fault {
    fn from(b: Breach) -> Self {
        let fault = Self::whole("plan", format!("it does not fit the tracking plan: {}", b.message));
        if b.field.is_empty() { fault } else { Self { field: Some(b.field), ..fault } }
    }
}

/// A plan made ready to be asked often.
#[derive(Debug)]
pub struct Check {
    mode: Mode,
    validator: jsonschema::Validator,
}

/// Breaches of one interaction that are told.
const TOLD: usize = 20;

impl Check {
    /// Makes a plan ready.
    pub fn new(plan: &Plan) -> Result<Self, PlanError> {
        Ok(Self { mode: plan.mode, validator: Self::compile(&plan.schema)? })
    }

    fn compile(schema: &Value) -> Result<jsonschema::Validator, PlanError> {
        if !schema.is_object() {
            let message = "a schema is a JSON object, such as {\"type\": \"object\"}".to_owned();
            return Err(PlanError::NotASchema { message, path: String::new() });
        }
        let options = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            // In time linear in the text, whatever the pattern.
            .with_pattern_options(jsonschema::PatternOptions::regex());
        options.build(schema).map_err(|e| PlanError::NotASchema {
            message: shortened(&e.to_string()),
            path: e.instance_path().to_string(),
        })
    }

    /// What becomes of what does not fit.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What does not fit, the first of it at most.
    pub fn breaches(&self, said: &Value) -> Vec<Breach> {
        if self.validator.is_valid(said) {
            return Vec::new();
        }
        let each = self.validator.iter_errors(said).take(TOLD);
        let each = each.map(|e| {
            let field = e.instance_path().to_string().trim_start_matches('/').replace('/', ".");
            let message = shortened(&e.to_string());
            let message = if field.is_empty() { message } else { format!("`{field}`: {message}") };
            Breach { field, message }
        });
        each.collect()
    }
}

/// A value that somebody sent may be long.
fn shortened(message: &str) -> String {
    const MOST: usize = 200;
    match message.char_indices().nth(MOST) {
        // What is wrong stands at the end.
        Some((at, _)) => {
            let tail = message.char_indices().rev().nth(100).map_or(at, |(t, _)| t.max(at));
            format!("{} … {}", &message[..at], &message[tail..])
        }
        None => message.to_owned(),
    }
}
