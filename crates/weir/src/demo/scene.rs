//! The demo's stage: its settings, its datasets on disk, and the canaries it will try.

use std::{fs, path::Path};

use anyhow::Context;
use weir_config::Settings;
use weir_evals::shipped::SHIPPED;

/// One act: a candidate tried on a workload, and how it should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) workload: &'static str,
    pub(super) candidate: &'static str,
    /// True when the planted truth is good enough.
    pub(super) good: bool,
}

/// Acts of one workload follow each other; workloads play at once. Small is planted to be bad at maths and as good as
/// any at classifying.
pub(super) const ACTS: [Act; 4] = [
    Act { workload: "maths", candidate: "sim/small", good: false },
    Act { workload: "maths", candidate: "sim/medium", good: true },
    Act { workload: "extract", candidate: "sim/medium", good: true },
    Act { workload: "classify", candidate: "sim/small", good: true },
];

/// Writes the shipped datasets into `dir` and reads the demo's settings as if they stood there.
///
/// # Errors
/// When the folder cannot be written.
pub fn settings(dir: &Path) -> anyhow::Result<Settings> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    for shipped in SHIPPED {
        let path = dir.join(format!("{}.jsonl", shipped.name));
        fs::write(&path, shipped.dataset).with_context(|| path.display().to_string())?;
    }
    let text = include_str!("demo.toml");
    // The demo is the same everywhere: the environment has no say.
    Ok(weir_config::parse(text, &dir.join("demo.toml"), &|_| None)?)
}
