//! Judge templates: instructions with described choices and the grade of each. They hold no placeholders, because
//! untrusted text is never spliced into instructions.

use indexmap::IndexMap;
use serde::Deserialize;
use weir_core::Grade;

use super::Need;
use crate::{nearest::suggest, spec::SpecError};

/// Builtin templates, name and text.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("factuality", include_str!("../../../../evals/judges/factuality.toml")),
    ("closed_qa", include_str!("../../../../evals/judges/closed_qa.toml")),
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
    /// Label → grade.
    pub choices: IndexMap<String, Grade>,
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
            for label in template.choices.keys() {
                assert!(template.instructions.contains(&format!("\n{label}: ")), "{name} {label}");
            }
        }
    }
}
