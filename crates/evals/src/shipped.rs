//! What ships with weir: datasets, suites and judge templates from the folder `evals/`, compiled in, so that the demo
//! and a first try need no files.

/// One shipped workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// Name of its workload, dataset and suite.
    pub name: &'static str,
    /// The dataset, `weir.dataset.v1`.
    pub dataset: &'static str,
    /// The suite, TOML.
    pub suite: &'static str,
}

macro_rules! shipped {
    ($($name:literal),*) => {
        /// Every shipped workload.
        pub const SHIPPED: &[Shipped] = &[$(Shipped {
            name: $name,
            dataset: include_str!(concat!("../../../evals/datasets/", $name, ".jsonl")),
            suite: include_str!(concat!("../../../evals/suites/", $name, ".toml")),
        }),*];
    };
}

shipped!("maths", "extract", "classify");

/// A small CSV to try an import with.
pub const SAMPLE_CSV: &str = include_str!("../../../evals/datasets/sample.csv");

/// The shipped workload with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}
