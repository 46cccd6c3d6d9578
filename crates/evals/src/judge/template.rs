//! Judge templates: instructions with described choices and the grade of each. They hold no placeholders, because
//! untrusted text is never spliced into instructions.

use indexmap::IndexMap;
use serde::Deserialize;
use weir_core::Grade;

use super::{Aggregate, Need, Reply, YesNo};
use crate::{nearest::suggest, spec::SpecError};

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../evals/judges/", $name, ".toml")))),*]
    };
}

/// Builtin templates, name and text.
pub const TEMPLATES: &[(&str, &str)] = templates![
    "factuality",
    "closed_qa",
    "rubric",
    "g_eval",
    "pairwise",
    "faithfulness",
    "answer_relevancy",
    "context_precision",
    "context_recall",
    "instruction_following",
    "tool_correctness",
    "toxicity",
];

/// A judge template file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// What it judges, for people.
    #[serde(default)]
    pub description: String,
    /// What the judge is told; describes every choice.
    pub instructions: String,
    /// What the judge is to reply.
    #[serde(default)]
    pub reply: Reply,
    /// Label → grade.
    #[serde(default)]
    pub choices: IndexMap<String, Grade>,
    /// Lowest and highest score of a `score` reply.
    #[serde(default)]
    pub range: Option<(i64, i64)>,
    /// Which word of a `verdicts` reply counts as good.
    #[serde(default)]
    pub passes: YesNo,
    /// How the verdicts of one reply become a grade.
    #[serde(default)]
    pub aggregate: Aggregate,
    /// The grade when there is nothing to give verdicts on.
    #[serde(default)]
    pub when_empty: Option<Grade>,
    /// What must be known for it to be asked.
    #[serde(default)]
    pub needs: Vec<Need>,
}

impl Template {
    /// Reads a template file.
    ///
    /// # Errors
    /// When it is not TOML of this shape; the message names line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }
}

/// The builtin template with this name; `builtin:` before it is fine.
pub(super) fn builtin(name: &str) -> Result<Template, SpecError> {
    let bare = name.strip_prefix("builtin:").unwrap_or(name);
    let Some((_, text)) = TEMPLATES.iter().find(|(known, _)| *known == bare) else {
        let hint = suggest(bare, TEMPLATES.iter().map(|(known, _)| *known));
        return Err(SpecError::field("template", format!("no template is called `{name}`{hint}")));
    };
    Template::parse(text).map_err(|error| SpecError::field("template", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_template_describes_every_choice() {
        for (name, _) in TEMPLATES {
            let template = builtin(name).unwrap();
            assert_eq!(template.name, *name);
            let described = template.choices.len() >= 2 || template.reply != Reply::Choice || *name == "rubric";
            assert!(described && !template.description.is_empty(), "{name}");
            for label in template.choices.keys() {
                assert!(template.instructions.contains(&format!("\n{label}: ")), "{name} {label}");
            }
        }
    }
}
