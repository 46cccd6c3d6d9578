//! The simulator's shared state and the handle that changes it while it runs.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::HeaderMap;
use bytes::Bytes;
use weir_core::{
    Clock,
    entropy::{mix, unit},
};

use crate::{
    answers::{Answers, Entry},
    fault::Fault,
    model::SimModel,
};

pub(crate) struct Inner {
    pub(crate) seed: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: Option<String>,
    pub(crate) models: Vec<Model>,
    pub(crate) by_name: HashMap<String, usize>,
    pub(crate) answers: RwLock<Answers>,
    pub(crate) serial: AtomicU64,
    pub(crate) seen: Option<Mutex<Vec<Seen>>>,
}

pub(crate) struct Model {
    pub(crate) index: usize,
    /// Separates this model's draws from all others'.
    pub(crate) salt: u64,
    spec: RwLock<Arc<SimModel>>,
    fault: RwLock<Option<(Fault, f64)>>,
    pub(crate) requests: AtomicU64,
    pub(crate) aborted: AtomicU64,
    pub(crate) in_flight: AtomicU64,
}

impl Model {
    pub(crate) fn new(index: usize, spec: SimModel) -> Self {
        Self {
            index,
            salt: hash(&spec.name),
            spec: RwLock::new(Arc::new(spec)),
            fault: RwLock::new(None),
            requests: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
        }
    }

    pub(crate) fn spec(&self) -> Arc<SimModel> {
        Arc::clone(&self.spec.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault to inject into the request with this number, if any.
    pub(crate) fn fault(&self, seed: u64, number: u64) -> Option<Fault> {
        let fault = self.fault.read().unwrap_or_else(PoisonError::into_inner);
        let (fault, share) = fault.as_ref()?;
        let draw = unit(mix(seed ^ self.salt ^ mix(number)));
        (draw < *share).then(|| fault.clone())
    }
}

/// FNV-1a: scatters names well enough to salt draws with, and needs no state.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a model has been through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests received.
    pub requests: u64,
    /// Requests whose caller left before the answer was whole.
    pub aborted: u64,
    /// Requests being answered.
    pub in_flight: u64,
}

/// A request as it arrived. Kept only when the simulator was built to.
#[derive(Debug, Clone)]
pub struct Seen {
    /// All headers.
    pub headers: HeaderMap,
    /// The body's own bytes.
    pub body: Bytes,
}

/// Changes a running simulator. Cheap to clone. Names of unknown models are ignored by setters.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("models", &self.models()).finish_non_exhaustive()
    }
}

impl Control {
    /// Sets a model's quality, `0..=1`: on one workload's prompts, or with `None` wherever no workload says otherwise.
    pub fn set_quality(&self, model: &str, workload: Option<&str>, quality: f64) {
        self.change(model, |spec| match workload {
            Some(workload) => {
                spec.workloads.insert(workload.to_owned(), quality);
            }
            None => spec.quality = quality,
        });
    }

    /// Sets a model's times in milliseconds.
    pub fn set_latency(&self, model: &str, ttft_ms: f64, token_ms: f64) {
        self.change(model, |spec| {
            spec.ttft_ms = ttft_ms;
            spec.token_ms = token_ms;
        });
    }

    /// Sets how often the model judges truly, `0..=1`.
    pub fn set_judge_agreement(&self, model: &str, rate: f64) {
        self.change(model, |spec| spec.judge_agreement = rate);
    }

    /// Injects `fault` into a share of the model's requests, `0..=1`, in place of any other.
    pub fn set_fault(&self, model: &str, fault: Fault, share: f64) {
        self.put_fault(model, Some((fault, share)));
    }

    /// Ends fault injection into the model.
    pub fn clear_fault(&self, model: &str) {
        self.put_fault(model, None);
    }

    /// Adds to the answer key; a known prompt's entry is replaced.
    pub fn add_answers(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut answers = self.0.answers.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            answers.insert(entry);
        }
    }

    /// The model as it is now.
    #[must_use]
    pub fn model(&self, model: &str) -> Option<Arc<SimModel>> {
        self.find(model).map(Model::spec)
    }

    /// The models' names, in the order they were added.
    #[must_use]
    pub fn models(&self) -> Vec<String> {
        let specs = self.0.models.iter().map(Model::spec);
        specs.map(|spec| spec.name.clone()).collect()
    }

    /// What the model has been through; zeros for an unknown one.
    #[must_use]
    pub fn counters(&self, model: &str) -> Counters {
        self.find(model).map_or_else(Counters::default, |model| Counters {
            requests: model.requests.load(Ordering::SeqCst),
            aborted: model.aborted.load(Ordering::SeqCst),
            in_flight: model.in_flight.load(Ordering::SeqCst),
        })
    }

    /// Requests seen since the last call, oldest first, at most 10,000; empty unless built with `keep_requests`.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Seen> {
        let Some(seen) = &self.0.seen else {
            return Vec::new();
        };
        std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, model: &str) -> Option<&Model> {
        self.0.models.get(*self.0.by_name.get(model)?)
    }

    fn change(&self, model: &str, change: impl FnOnce(&mut SimModel)) {
        if let Some(model) = self.find(model) {
            let mut spec = model.spec.write().unwrap_or_else(PoisonError::into_inner);
            change(Arc::make_mut(&mut spec));
        }
    }

    fn put_fault(&self, model: &str, fault: Option<(Fault, f64)>) {
        if let Some(model) = self.find(model) {
            *model.fault.write().unwrap_or_else(PoisonError::into_inner) = fault;
        }
    }
}
