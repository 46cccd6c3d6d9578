//! A suite: a dataset, the scorers that a workload is held to, and what a run must show, in one TOML file, or in a YAML
//! file of the same structure.
//!
//! ```toml
//! [suite]
//! name = "maths"
//! workload = "maths"
//! dataset = "../datasets/maths.jsonl"
//! [[scorer]]
//! name = "exact"
//! kind = "match"
//! numeric = true
//! [[gate]]
//! metric = "quality"
//! against = "baseline"
//! margin = 0.02
//! ```

mod gate;
mod lock;
mod scorer;
mod source;
mod yaml;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use weir_core::expr::{Expr, Scope, Type};

use crate::{canonical::text_hash, nearest::suggest, spec::ScorerSpec};

use gate::WrittenGate;
use source::{SourceText, unknown_with_hint};

pub use gate::{BASELINE, Gate, MEASURED, QUALITY};
pub use lock::{DatasetRef, Lock};
pub use scorer::SuiteScorer;

/// Most trials of one item.
const MOST_TRIALS: u32 = 100;

/// A suite as read; every scorer in it compiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The workload it holds to account.
    pub workload: String,
    /// A dataset by name, perhaps with `@version`, or a file beside the suite.
    pub dataset: String,
    /// Parts of the dataset that are asked; all when empty.
    pub splits: Vec<String>,
    /// How often each item is asked, `1..=100`.
    pub trials: u32,
    /// What decides.
    pub quality: Quality,
    /// Scorers by name, in order.
    pub scorers: Vec<SuiteScorer>,
    /// Dollars that the judges of one run may cost together.
    pub judge_max_usd: Option<f64>,
    /// What a run must show, in order.
    pub gates: Vec<Gate>,
    /// How the same scorers see live traffic, where the suite says so.
    pub online: Option<Online>,
}

/// What a suite's quality is.
#[derive(Debug, Clone, PartialEq)]
pub enum Quality {
    /// One scorer's grade.
    Scorer(String),
    /// A formula over the scorers' grades.
    Expr {
        /// The formula.
        expr: Expr,
        /// The scorers that it reads, in the suite's order.
        parts: Vec<String>,
        /// Whether a grade that is missing counts as 0; otherwise the whole is unscored.
        missing_is_zero: bool,
    },
}

/// `[online]`: how a suite is applied to live traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Online {
    /// Which spans.
    pub filter: Option<String>,
    /// Share of them, `0..=1`.
    pub sample: Option<f64>,
    /// Spend where a decision can change.
    #[serde(default)]
    pub adaptive: bool,
    /// Rest before scoring, such as `5s`.
    pub settle: Option<String>,
    /// Dollars a day.
    pub budget_usd_per_day: Option<f64>,
    /// Share shown to people, `0..=1`.
    pub human_sample: Option<f64>,
}

/// What is wrong with a suite file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct SuiteError {
    /// The file as named by the caller.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What was found and what is wanted.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    suite: Head,
    #[serde(default)]
    judge: Judges,
    #[serde(default)]
    scorer: Vec<Spanned<toml::Table>>,
    quality: Option<WrittenQuality>,
    #[serde(default)]
    gate: Vec<WrittenGate>,
    online: Option<Online>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Judges {
    default: Option<Spanned<toml::Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: Spanned<String>,
    workload: String,
    dataset: String,
    quality: Option<Spanned<String>>,
    #[serde(default)]
    splits: Vec<String>,
    trials: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenQuality {
    expr: Spanned<String>,
    #[serde(default)]
    on_missing: OnMissing,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnMissing {
    #[default]
    Unscored,
    Zero,
}

impl Suite {
    /// Reads a suite. `file` is for messages, and its ending tells YAML from TOML. Scorers that name files
    /// (`schema_file`, `module_file`, a judge's `.toml` template) have them read by `read`.
    ///
    /// # Errors
    /// At the first thing that is wrong, with its place.
    pub fn parse(text: &str, file: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, SuiteError> {
        if !yaml::is_yaml(file) {
            return Self::read(text, file, read);
        }
        let toml = yaml::to_toml(text, file)?;
        Self::read(&toml, file, read).map_err(|error| yaml::placed(error, &toml, text))
    }

    fn read(text: &str, file: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, SuiteError> {
        let source = SourceText { text, file };
        let parsed: File =
            toml::from_str(text).map_err(|error| source.error(error.span(), unknown_with_hint(error.message())))?;
        let head = parsed.suite;
        if head.name.get_ref().trim().is_empty() {
            return Err(source.error(Some(head.name.span()), "`name`: wanted some text"));
        }
        let trials = match head.trials {
            Some(trials) if !(1..=MOST_TRIALS).contains(trials.get_ref()) => {
                let message = format!("`trials`: found {}, wanted 1 to {MOST_TRIALS}", trials.get_ref());
                return Err(source.error(Some(trials.span()), message));
            }
            Some(trials) => trials.into_inner(),
            None => 1,
        };
        let (defaults, judge_max_usd) = scorer::defaults(source, parsed.judge.default)?;
        let mut scorers: Vec<SuiteScorer> = Vec::new();
        for entry in parsed.scorer {
            let scorer = scorer::read(source, entry, &defaults, &scorers, read)?;
            scorers.push(scorer);
        }
        let quality = quality(source, head.quality, parsed.quality, &scorers)?;
        let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name.as_str()).collect();
        let gates = parsed.gate.into_iter().map(|gate| gate.read(source, &names)).collect::<Result<_, _>>()?;
        Ok(Self {
            name: head.name.into_inner(),
            workload: head.workload,
            dataset: head.dataset,
            splits: head.splits,
            trials,
            quality,
            scorers,
            judge_max_usd,
            gates,
            online: parsed.online,
        })
    }

    /// The scorer with this name.
    #[must_use]
    pub fn scorer(&self, name: &str) -> Option<&ScorerSpec> {
        self.scorers.iter().find(|scorer| scorer.name == name).map(|scorer| &scorer.spec)
    }

    /// The suite's quality from its scorers' grades, which are `None` where unscored; clamped to `0..=1`.
    #[must_use]
    pub fn quality_of(&self, grade: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
        match &self.quality {
            Quality::Scorer(name) => grade(name),
            // Nothing of it was measured: that is no zero, whatever a missing part counts as.
            Quality::Expr { parts, .. } if parts.iter().all(|name| grade(name).is_none()) => None,
            Quality::Expr { expr, parts, missing_is_zero } => {
                let mut scope = Scope::default();
                for name in parts {
                    match grade(name) {
                        Some(grade) => scope.set(name, grade),
                        None if *missing_is_zero => scope.set(name, 0.0),
                        None => {}
                    }
                }
                expr.number(&scope).map(|number| number.clamp(0.0, 1.0))
            }
        }
    }

    /// Names of the scorers that the quality is made of, in the suite's order.
    #[must_use]
    pub fn deciding(&self) -> Vec<&str> {
        match &self.quality {
            Quality::Scorer(name) => vec![name],
            Quality::Expr { parts, .. } => parts.iter().map(String::as_str).collect(),
        }
    }

    /// Names the file's content, 12 hex digits.
    #[must_use]
    pub fn version(text: &str) -> String {
        text_hash(text, 12)
    }
}

/// `quality` of `[suite]`, `[quality]`, or the first scorer.
fn quality(
    source: SourceText<'_>,
    named: Option<Spanned<String>>,
    formula: Option<WrittenQuality>,
    scorers: &[SuiteScorer],
) -> Result<Quality, SuiteError> {
    let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name.as_str()).collect();
    let Some(first) = names.first() else {
        return Err(source.error(None, "a suite needs at least one `[[scorer]]`"));
    };
    match (named, formula) {
        (Some(named), Some(_)) => {
            Err(source.error(Some(named.span()), "give `quality` or the table `[quality]`, not both"))
        }
        (Some(named), None) if !names.contains(&named.get_ref().as_str()) => {
            let hint = suggest(named.get_ref(), names.iter().copied());
            Err(source.error(Some(named.span()), format!("no scorer is called `{}`{hint}", named.get_ref())))
        }
        (Some(named), None) => Ok(Quality::Scorer(named.into_inner())),
        (None, None) => Ok(Quality::Scorer((*first).to_owned())),
        (None, Some(formula)) => {
            let schema = scorer::grades(names.iter().copied());
            let expr = Expr::compile(formula.expr.get_ref(), &schema, &Type::Number)
                .map_err(|error| source.error(Some(formula.expr.span()), scorer::told("expr", &error)))?;
            let parts = names.iter().filter(|name| expr.reads(name)).map(|name| (*name).to_owned()).collect();
            Ok(Quality::Expr { expr, parts, missing_is_zero: formula.on_missing == OnMissing::Zero })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[suite]\nname = 'm'\nworkload = 'maths'\ndataset = 'maths'\n";

    fn parse(rest: &str) -> Result<Suite, String> {
        Suite::parse(&format!("{HEAD}{rest}"), "m.toml", &|name| Err(format!("no file {name}")))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_formula_is_decided_by_what_it_reads_and_by_nothing_when_none_of_that_was_measured() {
        let scorers =
            ["exact", "tone", "short"].map(|name| format!("[[scorer]]\nname = '{name}'\nkind = 'one_line'\n"));
        let suite =
            parse(&format!("[quality]\nexpr = '0.5 * exact + 0.5 * tone'\non_missing = 'zero'\n{}", scorers.concat()))
                .unwrap();
        assert_eq!(suite.deciding(), ["exact", "tone"]);
        assert_eq!(suite.quality_of(&|name| (name == "short").then_some(1.0)), None);
        assert_eq!(suite.quality_of(&|name| (name == "tone").then_some(1.0)), Some(0.5));
    }

    #[test]
    fn a_suite_is_read_and_its_first_scorer_decides() {
        let suite = parse("[[scorer]]\nname = 'exact'\nkind = 'match'\nnumeric = true\n[[scorer]]\nname = 'short'\nkind = 'one_line'\n").unwrap();
        assert_eq!(suite.quality, Quality::Scorer("exact".to_owned()));
        assert_eq!(suite.scorers.len(), 2);
        assert!(matches!(suite.scorer("short"), Some(ScorerSpec::OneLine(_))));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (rest, want) in [
            ("", "m.toml:1:1: a suite needs at least one"),
            ("colour = 1\n", "m.toml:5:1: unknown field `colour`"),
            (
                "qualty = 'x'\n",
                "m.toml:5:1: unknown field `qualty`, expected one of `name`, `workload`, `dataset`, `quality`, `splits`, `trials`; did you mean `quality`?",
            ),
            (
                "quality = 'exat'\n[[scorer]]\nname = 'exact'\nkind = 'exact_match'\n",
                "m.toml:5:11: no scorer is called `exat`; did you mean `exact`?",
            ),
            (
                "[[scorer]]\nname = 'x'\nkind = 'exact_mach'\n",
                "m.toml:7:1: scorer `x`: `kind`: no scorer kind is called `exact_mach`; did you mean `exact_match`?",
            ),
            (
                "[[scorer]]\nname = 'x'\nkind = 'exact_match'\nmood = 'deep'\n",
                "m.toml:8:1: scorer `x`: unknown field `mood`, expected `mode`; did you mean `mode`?",
            ),
            (
                "[[scorer]]\nname = 'x'\nkind = 'regex'\n  must_match = '('\n",
                "m.toml:8:3: scorer `x`: `must_match`: `(` is not a regular expression",
            ),
            ("[[scorer]]\nkind = 'regex'\n", "m.toml:5:1: a scorer without `name`"),
            ("[[scorer]]\nname = 'x'\n", "m.toml:5:1: scorer `x`: missing field `kind`"),
            (
                "[[scorer]]\nname = 'x'\nkind = 'one_line'\n[[scorer]]\nname = 'x'\nkind = 'one_line'\n",
                "m.toml:9:1: two scorers are called `x`",
            ),
            ("[[scorer]\n", "m.toml:5:"),
        ] {
            let error = parse(rest).unwrap_err();
            assert!(error.starts_with(want), "found: {error}\nwanted: {want}");
        }
    }

    #[test]
    fn gates_formulas_defaults_and_conditions_are_read() {
        let suite = parse(
            "splits = ['heldout']\ntrials = 3\n[judge.default]\nmodel = 'judge'\nnot_family_of = 'arm'\n\
             temperature = 0\nmax_usd = 2\n[[scorer]]\nname = 'format'\nkind = 'valid_json'\n\
             [[scorer]]\nname = 'facts'\nkind = 'judge'\ntemplate = 'builtin:factuality'\nrun_if = 'format == 1.0'\n\
             [[scorer]]\nname = 'versus'\nkind = 'pairwise'\ncriteria = 'Which is kinder?'\norder = 'both'\n\
             [quality]\nexpr = '0.7*facts + 0.3*format'\non_missing = 'unscored'\n\
             [[gate]]\nmetric = 'quality'\nagainst = 'baseline'\nmargin = 0.02\nmethod = 'anytime'\nmin_items = 50\n\
             [[gate]]\nmetric = 'cost_usd'\nmax_mean = 0.004\n\
             [online]\nsample = 0.1\nsettle = '5s'\n",
        )
        .unwrap();
        assert_eq!(
            (suite.trials, suite.judge_max_usd, suite.splits.as_slice()),
            (3, Some(2.0), &["heldout".to_owned()][..])
        );
        let judge = suite.scorer("facts").unwrap().judge().unwrap();
        assert!(judge.model == "judge" && judge.other_family);
        assert!(suite.scorers[1].run_if.is_some());
        assert_eq!(suite.scorer("versus").unwrap().judge().unwrap().criteria.as_deref(), Some("Which is kinder?"));
        assert_eq!(suite.gates[0].name(), "quality ≥ baseline − 0.02");
        assert_eq!(suite.gates[1].name(), "cost_usd ≤ 0.004");
        let grades = |facts: Option<f64>| move |name: &str| if name == "facts" { facts } else { Some(1.0) };
        assert!((suite.quality_of(&grades(Some(0.5))).unwrap() - 0.65).abs() < 1e-12);
        assert_eq!(suite.quality_of(&grades(None)), None, "what is missing is never a zero");
    }

    #[test]
    fn what_is_wrong_with_gates_and_formulas_is_named() {
        const ONE: &str = "[[scorer]]\nname = 'exact'\nkind = 'exact_match'\n";
        for (rest, want) in [
            ("[[gate]]\nmetric = 'exat'\nfloor = 0.5\n", "no metric is called `exat`; did you mean `exact`?"),
            ("[[gate]]\nmetric = 'exact'\n", "a gate asks for nothing"),
            ("[[gate]]\nmetric = 'cost_usd'\nagainst = 'baseline'\n", "`cost_usd` has no scale"),
            ("[[gate]]\nmetric = 'exact'\nfloor = 1.5\n", "`floor`: found 1.5"),
            ("[[gate]]\nmetric = 'exact'\nflor = 1\n", "unknown field `flor`"),
            ("[[gate]]\nmetric = 'exact'\nfloor = 1\nmethod = 'z-test'\n", "there is only `anytime`"),
            ("[quality]\nexpr = '2*exat'\n", "`exat` does not exist"),
            ("[judge.default]\ntemperature = 1\n", "temperature 0"),
            ("[judge.default]\nmodle = 'x'\n", "unknown field `modle` in [judge.default]; did you mean `model`?"),
        ] {
            let error = parse(&format!("{ONE}{rest}")).unwrap_err();
            assert!(error.contains(want), "found: {error}\nwanted: {want}");
        }
        let error = parse("trials = 0\n").unwrap_err();
        assert!(error.contains("wanted 1 to 100"), "{error}");
    }
}
