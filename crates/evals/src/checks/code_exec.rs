//! `code_exec`: a check of one's own, a WebAssembly module run in a sandbox (wasmi). It sees its standard input and
//! nothing else: no files, no network, no clock, no environment, no chance. It is bounded in steps (`fuel`), memory and
//! output, and the same answer always gets the same grade.
//!
//! **The contract.** The module is a WASI command (`wasm32-wasip1`, export `_start`). Standard input is one JSON object:
//! `answer`, `messages`, `expected`, `context`, `criteria`, `tools` (calls with `name` and `arguments`). The last line
//! of its standard output is the verdict: a number in `0..=1`, `true` or `false`, or an object with `score` (a number) or
//! `pass` (true or false) and perhaps a `reason`. Without output, exit code 0 is a pass and 1 a fail. Any other exit code, a trap,
//! an unreadable verdict and a bound that is reached are no grade.

mod wasi;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmi::{Engine, Module, Store, StoreLimitsBuilder, TrapCode};
use weir_core::score::Unscored;

use super::{Check, Reads, exact::shorten, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Most that may be asked for.
const MOST_FUEL: u64 = 10_000_000_000;
const MOST_MEMORY_MB: u32 = 512;

/// `code_exec`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeExecSpec {
    /// The module: its bytes in base64, or its text (`(module …)`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub module: Option<String>,
    /// A `.wasm` or `.wat` file that holds the module; it is read in before the scorer is compiled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub module_file: Option<String>,
    /// Most instructions of one run.
    #[serde(default = "fuel")]
    pub fuel: u64,
    /// Most memory of one run, in MiB.
    #[serde(default = "memory_mb")]
    pub memory_mb: u32,
}

const fn fuel() -> u64 {
    200_000_000
}

const fn memory_mb() -> u32 {
    64
}

struct Sandbox {
    module: Module,
    fuel: u64,
    memory: usize,
}

/// Why a run gave no verdict.
struct Failed(Unscored, String);

impl CodeExecSpec {
    /// A `.wasm` file comes as base64.
    pub(crate) fn resolve_file(&mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Result<(), SpecError> {
        let Some(file) = self.module_file.take() else {
            return Ok(());
        };
        if self.module.is_some() {
            return Err(SpecError::field("module_file", "give `module` or `module_file`, not both"));
        }
        let text = read(&file).map_err(|error| SpecError::field("module_file", format!("`{file}`: {error}")))?;
        self.module = Some(text);
        Ok(())
    }

    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        let Some(module) = &self.module else {
            return Err(SpecError::field("module", "missing; give the module or a `module_file`"));
        };
        if !(1..=MOST_FUEL).contains(&self.fuel) {
            return Err(SpecError::field("fuel", format!("found {}, wanted 1 to {MOST_FUEL}", self.fuel)));
        }
        if !(1..=MOST_MEMORY_MB).contains(&self.memory_mb) {
            return Err(SpecError::field(
                "memory_mb",
                format!("found {}, wanted 1 to {MOST_MEMORY_MB}", self.memory_mb),
            ));
        }
        let refuse = |message: String| SpecError::field("module", message);
        let bytes = match module.trim_start().starts_with('(') {
            true => module.clone().into_bytes(),
            false => BASE64_STANDARD
                .decode(module.trim())
                .map_err(|error| refuse(format!("neither base64 nor the text of a module: {error}")))?,
        };
        let mut config = wasmi::Config::default();
        config.consume_fuel(true);
        let module = Module::new(&Engine::new(&config), &bytes)
            .map_err(|error| refuse(format!("not a WebAssembly module: {}", shorten(&error.to_string()))))?;
        if module.get_export("_start").is_none() {
            return Err(refuse("exports no `_start`; build it as a WASI command (wasm32-wasip1)".to_owned()));
        }
        if let Some(import) = module.imports().find(|import| !wasi::provides(import.module(), import.name())) {
            let name = format!("`{}.{}`", import.module(), import.name());
            return Err(refuse(format!(
                "wants {name}, which the sandbox does not have: it only has standard input and output"
            )));
        }
        Ok(Box::new(Sandbox { module, fuel: self.fuel, memory: self.memory_mb as usize * (1 << 20) }))
    }
}

impl Check for Sandbox {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn reads_prompt(&self) -> bool {
        true
    }

    fn is_heavy(&self) -> bool {
        true
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        match self.run(input(exchange)) {
            Ok((status, output)) => verdict(status, &output),
            Err(Failed(reason, why)) => Outcome::unscored(reason, why),
        }
    }
}

fn input(exchange: &Exchange<'_>) -> Vec<u8> {
    let reference = exchange.reference;
    let tools: Vec<Value> =
        exchange.answer.tool_calls.iter().map(|call| json!({"name": call.name, "arguments": call.arguments})).collect();
    let input = json!({
        "answer": exchange.answer.text,
        "messages": exchange.messages,
        "expected": exchange.expected(),
        "context": reference.map(|reference| reference.context.as_slice()).unwrap_or_default(),
        "criteria": reference.and_then(|reference| reference.criteria.as_deref()),
        "tools": tools,
    });
    input.to_string().into_bytes()
}

impl Sandbox {
    /// Exit code and standard output.
    fn run(&self, input: Vec<u8>) -> Result<(i32, Vec<u8>), Failed> {
        let failed = |error: wasmi::Error| match error.as_trap_code() {
            Some(TrapCode::OutOfFuel) => {
                Failed(Unscored::Timeout, format!("it did not end within {} instructions; see `fuel`", self.fuel))
            }
            Some(TrapCode::GrowthOperationLimited) => {
                Failed(Unscored::ScoringFailed, format!("it wanted more memory than {} bytes", self.memory))
            }
            _ => Failed(Unscored::ScoringFailed, format!("the code failed: {}", shorten(&error.to_string()))),
        };
        let limits = StoreLimitsBuilder::new()
            .memory_size(self.memory)
            .table_elements(1 << 16)
            .instances(1)
            .memories(1)
            .tables(16)
            .trap_on_grow_failure(true)
            .build();
        let engine = self.module.engine();
        let mut store = Store::new(engine, wasi::Host::new(input, limits));
        store.limiter(|host| &mut host.limits);
        store.set_fuel(self.fuel).map_err(failed)?;
        let instance = wasi::linker(engine).map_err(failed)?.instantiate_and_start(&mut store, &self.module);
        let start = instance.and_then(|instance| instance.get_typed_func::<(), ()>(&store, "_start"));
        let status = match start.and_then(|start| start.call(&mut store, ())) {
            Ok(()) => 0,
            Err(error) => error.i32_exit_status().ok_or(error).map_err(failed)?,
        };
        Ok((status, store.into_data().output))
    }
}

/// What a run that ended says.
fn verdict(status: i32, output: &[u8]) -> Outcome {
    let failed = |why: String| Outcome::unscored(Unscored::ScoringFailed, why);
    if !(0..=1).contains(&status) {
        return failed(format!("the code ended with exit code {status}"));
    }
    let Ok(output) = std::str::from_utf8(output) else {
        return failed("the output is not UTF-8".to_owned());
    };
    let Some(last) = output.lines().rev().map(str::trim).find(|line| !line.is_empty()) else {
        return Outcome::pass(status == 0).because(format!("exit code {status}"));
    };
    match serde_json::from_str::<Value>(last).ok().and_then(|said| crate::asked::spoken(&said)) {
        Some(outcome) => outcome,
        None => failed(format!("the last line of the output is no verdict: {}", shorten(last))),
    }
}

#[cfg(test)]
mod tests;
