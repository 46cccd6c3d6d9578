//! A promptfoo configuration as weir's own: its tests become a dataset, its assertions the scorers of a suite. What has no
//! equal here is told, never dropped in silence.
//!
//! promptfoo's assertions belong to tests, weir's scorers to suites. Tests with the same kinds of assertions share a
//! suite; where a file has several such groups, each is a split of the dataset with a suite of its own.

mod assertion;
mod cases;
mod prompt;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    dataset::{Item, write},
    suite::Suite,
};
use assertion::Wanted;

/// Groups of tests beyond which a file is no suite any more.
const MOST_GROUPS: usize = 20;

/// What a configuration became.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Suites in TOML, by name; each asks its part of the dataset.
    pub suites: Vec<(String, String)>,
    /// The dataset in the canonical form.
    pub dataset: Vec<u8>,
    /// Items in it.
    pub items: usize,
    /// What has no equal here, or is to be done by hand, in order.
    pub notes: Vec<String>,
}

/// Which configuration, and what to make of it.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Of the dataset and the suite.
    pub name: &'a str,
    /// The workload that the suite holds to account.
    pub workload: &'a str,
    /// Which of several prompts is asked, from 1.
    pub prompt: usize,
}

/// Reads a configuration. `read` opens the files that it names.
///
/// # Errors
/// When it is not valid YAML or JSON, or has no test that can be asked.
pub fn import(text: &str, wish: Wish<'_>, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Imported, String> {
    let config: Value = serde_saphyr::from_str(text).map_err(|error| {
        let message = error.to_string();
        format!("not valid YAML: {}", message.lines().next().unwrap_or_default())
    })?;
    let config = config.as_object().ok_or("wanted keys such as `prompts`, `providers` and `tests`")?;
    let mut notes = Vec::new();
    left_out(config, &mut notes);
    let prompt = prompt::choose(config.get("prompts"), wish.prompt, read, &mut notes)?;
    let cases = cases::read(config, read, &mut notes)?;
    let shared = assertion::shared(&cases);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let (item, wanted) = one(at + 1, case, &prompt, &shared, &mut notes)?;
        let key = wanted.iter().map(Wanted::signature).collect::<Vec<_>>().join(" ");
        let group = groups.entry(key).or_insert_with(|| Group { wanted, items: Vec::new() });
        group.items.push((at, item));
    }
    if groups.len() > MOST_GROUPS {
        let found = groups.len();
        return Err(format!(
            "its tests have {found} different sets of assertions, at most {MOST_GROUPS} become suites"
        ));
    }
    written(wish, groups.into_values().collect(), notes)
}

/// Tests with the same scorers.
struct Group {
    wanted: Vec<Wanted>,
    /// With their places.
    items: Vec<(usize, Item)>,
}

/// One test as an item, and the scorers that its assertions ask for.
fn one(
    number: usize,
    case: &Value,
    prompt: &prompt::Prompt,
    shared: &[Value],
    notes: &mut Vec<String>,
) -> Result<(Item, Vec<Wanted>), String> {
    let vars = case["vars"].as_object().cloned().unwrap_or_default();
    let mut item = Item::new(prompt.messages(&vars).map_err(|message| format!("test {number}: {message}"))?);
    if vars.len() > 1 || !prompt.is_plain() {
        item.metadata.insert("vars".to_owned(), Value::Object(vars));
    }
    if let Some(metadata) = case["metadata"].as_object() {
        item.metadata.extend(metadata.clone());
    }
    if let Some(description) = case["description"].as_str() {
        item.metadata.insert("description".to_owned(), description.into());
    }
    let mut all = Vec::new();
    let mut kept = Vec::new();
    for assertion in case["assert"].as_array().into_iter().flatten() {
        match assertion::read(assertion, shared.contains(assertion)) {
            Ok(mut wanted) => match wanted.bind(&mut item) {
                Ok(()) => all.push(wanted),
                Err(note) => {
                    kept.push(assertion.clone());
                    notes.push(format!("test {number}: {note}; it is kept in the item's `metadata.assert`"));
                }
            },
            Err(note) => {
                kept.push(assertion.clone());
                tell(notes, format!("{note}; it is kept in the items' `metadata.assert`"));
            }
        }
    }
    if !kept.is_empty() {
        item.metadata.insert("assert".to_owned(), Value::Array(kept));
    }
    all.sort_by_key(Wanted::signature);
    all.dedup_by_key(|wanted| wanted.signature());
    // Named by its content as a whole: the same question may stand in several tests.
    item.id = item.hash().chars().take(16).collect();
    Ok((item, all))
}

fn written(wish: Wish<'_>, groups: Vec<Group>, mut notes: Vec<String>) -> Result<Imported, String> {
    let several = groups.len() > 1;
    let mut suites: Vec<(String, String)> = Vec::new();
    let mut items = Vec::new();
    for group in groups {
        let mut split = None;
        if several {
            let kinds: Vec<&str> = group.wanted.iter().map(Wanted::kind).collect();
            let base = if kinds.is_empty() { "unscored".to_owned() } else { kinds.join("-") };
            let taken = suites.iter().filter(|(name, _)| name.starts_with(&format!("{}-{base}", wish.name))).count();
            split = Some(if taken == 0 { base } else { format!("{base}-{}", taken + 1) });
        }
        if group.wanted.is_empty() {
            let tests = group.items.len();
            notes
                .push(format!("{tests} tests have no assertion that weir knows: they are in the dataset, in no suite"));
        } else {
            let name = split.as_ref().map_or_else(|| wish.name.to_owned(), |split| format!("{}-{split}", wish.name));
            let text = suite(wish, &name, split.as_deref(), &group.wanted);
            Suite::parse(&text, "suite", &|file| Err(format!("`{file}` is not here")))
                .map_err(|error| format!("the suite that it stands for is not one: {}", error.message))?;
            suites.push((name, text));
        }
        items.extend(group.items.into_iter().map(|(at, mut item)| {
            item.split.clone_from(&split);
            (at, item)
        }));
    }
    if suites.iter().any(|(_, text)| text.contains("[judge.default]")) {
        notes.push("`[judge.default] model` says who judges: put a deployment of yours there".to_owned());
    }
    if several {
        let names: Vec<&str> = suites.iter().map(|(name, _)| name.as_str()).collect();
        notes.push(format!("tests with different assertions have suites of their own: {}", names.join(", ")));
    }
    items.sort_by_key(|(at, _)| *at);
    let items: Vec<Item> = items.into_iter().map(|(_, item)| item).collect();
    let head = crate::dataset::Header {
        weir: "dataset.v1".to_owned(),
        name: Some(wish.name.to_owned()),
        ..crate::dataset::Header::default()
    };
    let dataset = write::Writer::new(write::Form::Jsonl, &head)
        .and_then(|mut writer| {
            let mut bytes = writer.items(&items)?;
            bytes.extend(writer.finish()?);
            Ok(bytes)
        })
        .map_err(|error| error.to_string())?;
    Ok(Imported { suites, dataset, items: items.len(), notes })
}

/// A suite as text.
fn suite(wish: Wish<'_>, name: &str, split: Option<&str>, wanted: &[Wanted]) -> String {
    let mut head = json!({ "name": name, "workload": wish.workload, "dataset": format!("{}.jsonl", wish.name) });
    if let Some(split) = split {
        head["splits"] = json!([split]);
    }
    let mut scorers: Vec<Map<String, Value>> = Vec::new();
    for one in wanted {
        let taken = |name: &str| scorers.iter().any(|scorer| scorer["name"] == name);
        let base = one.name();
        let name = (1..).map(|n| if n == 1 { base.clone() } else { format!("{base}_{n}") }).find(|name| !taken(name));
        let mut scorer = Map::from_iter([("name".to_owned(), name.unwrap_or(base).into())]);
        scorer.extend(one.table());
        scorers.push(scorer);
    }
    let total: f64 = wanted.iter().map(|one| one.weight).sum();
    let terms: Vec<String> = wanted
        .iter()
        .zip(&scorers)
        .filter(|(one, _)| one.weight > 0.0)
        .map(|(one, scorer)| {
            // With a point: the formula's numbers are not whole ones.
            format!("{:?}*{}", one.weight / total, scorer["name"].as_str().unwrap_or_default())
        })
        .collect();
    let mut file = json!({ "suite": head });
    if scorers.len() == 1 || terms.is_empty() {
        file["suite"]["quality"] = scorers.first().map(|scorer| scorer["name"].clone()).unwrap_or_default();
    } else {
        file["quality"] = json!({ "expr": terms.join(" + ") });
    }
    if scorers.iter().any(|scorer| scorer["kind"] == "judge") {
        file["judge"] = json!({ "default": { "model": "judge" } });
    }
    file["scorer"] = scorers.into_iter().map(Value::Object).collect();
    format!(
        "# Made of a promptfoo configuration. promptfoo fails a test when one assertion fails; a suite's gates look at means\n\
         # over all items: add [[gate]] with what a run must show.\n{}",
        toml::to_string(&file).unwrap_or_default()
    )
}

/// Keys of a configuration that are read, or that say nothing about tests.
const KNOWN: [&str; 12] = [
    "prompts",
    "tests",
    "defaultTest",
    "scenarios",
    "description",
    "tags",
    "outputPath",
    "sharing",
    "commandLineOptions",
    "$schema",
    "metadata",
    "providers",
];

fn left_out(config: &Map<String, Value>, notes: &mut Vec<String>) {
    let names = config.get("providers").or_else(|| config.get("targets")).map(|providers| match providers {
        Value::Array(list) => list.iter().filter_map(provider).collect::<Vec<_>>(),
        other => provider(other).into_iter().collect(),
    });
    if let Some(names) = names.filter(|names| !names.is_empty()) {
        let models: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        notes.push(format!(
            "providers are deployments of weir.toml: ask them by `--model NAME`, for {}",
            models.join(", ")
        ));
    }
    for key in config.keys().filter(|key| !KNOWN.contains(&key.as_str()) && *key != "targets") {
        notes.push(format!("`{key}` has no equal here and is left out"));
    }
    for option in ["options", "threshold", "provider"] {
        if config.get("defaultTest").is_some_and(|shared| !shared[option].is_null()) {
            notes.push(format!("`defaultTest.{option}` has no equal here and is left out"));
        }
    }
}

fn provider(value: &Value) -> Option<String> {
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value["id"].as_str().map(str::to_owned))
        .or_else(|| value.as_object().and_then(|one| one.keys().next().cloned()))
}

/// Says something once.
fn tell(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

#[cfg(test)]
mod tests;
