//! What it costs to say a request of 4 KB in another dialect, beside passing it on and beside not reading it at all. One
//! thread, so that time is CPU time; each figure is the median of many short runs.
//!
//! `cargo xtask bench translate`
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_core::deployment::Dialect::{self, Anthropic, Bedrock, Cohere, Gemini, Mistral, OpenaiChat, OpenaiResponses};
use weir_providers::exchange::{Entry, Inbound};

use fixture::deployment;

/// The one weir runs with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of a request.
const SIZE: usize = 4 * 1024;
const RUNS: usize = 400;
/// Requests of one run.
const EACH: usize = 50;

fn main() {
    // `cargo test --benches` only asks whether it starts.
    let runs = if std::env::args().any(|word| word == "--bench") { RUNS } else { 1 };
    println!("requests of {SIZE} bytes and a little more, µs of CPU each");
    let original = body(OpenaiChat);
    let copied = measure(runs, &mut || drop(black_box(Bytes::copy_from_slice(black_box(&original)))));
    println!("{:<38} {copied:>8.1}", "copied, unread");
    for from in [OpenaiChat, OpenaiResponses, Anthropic, Gemini] {
        let passed = spoken(runs, from, from);
        println!("{:<38} {passed:>8.1}", format!("{} passed on", from.name()));
        for to in [OpenaiChat, OpenaiResponses, Anthropic, Gemini, Mistral, Cohere, Bedrock] {
            if to != from {
                let said = spoken(runs, from, to);
                let name = format!("{} to {}", from.name(), to.name());
                println!("{name:<38} {said:>8.1}   {:>6.1} over passing on", said - passed);
            }
        }
    }
}

/// Median µs of reading a request and making what the deployment gets.
fn spoken(runs: usize, from: Dialect, to: Dialect) -> f64 {
    let entry = match from {
        Gemini => Entry::Gemini { model: "m".into(), stream: false, sse: true },
        from => Entry::Body(from),
    };
    let (body, to) = (body(from), deployment(to));
    measure(runs, &mut || {
        let inbound = Inbound::read(&entry, &body, 0).unwrap();
        drop(black_box(inbound.outgoing(&to, true).unwrap()));
    })
}

fn measure(runs: usize, work: &mut dyn FnMut()) -> f64 {
    let mut each: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            (0..EACH).for_each(|_| work());
            start.elapsed().as_secs_f64() * 1e6 / EACH as f64
        })
        .collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() / 2).copied().unwrap_or_default()
}

/// A conversation with a tool, of at least the size.
fn body(dialect: Dialect) -> Bytes {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let word = "the quick brown fox jumps over the lazy dog. ";
    let document = |turns: Vec<Value>| match dialect {
        OpenaiResponses => json!({
            "model": "m", "max_output_tokens": 500, "temperature": 0.5, "input": turns,
            "tools": [{"type": "function", "name": "f", "parameters": schema}],
        }),
        Anthropic => json!({
            "model": "m", "max_tokens": 500, "temperature": 0.5, "messages": turns,
            "tools": [{"name": "f", "input_schema": schema}],
        }),
        Gemini => json!({
            "contents": turns, "generationConfig": {"maxOutputTokens": 500, "temperature": 0.5},
            "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema}]}],
        }),
        _ => json!({
            "model": "m", "max_tokens": 500, "temperature": 0.5, "messages": turns,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        }),
    };
    let turn = |number: usize, text: &str| {
        let model = number % 2 == 1;
        match dialect {
            Gemini => json!({"role": if model { "model" } else { "user" }, "parts": [{"text": text}]}),
            _ => json!({"role": if model { "assistant" } else { "user" }, "content": text}),
        }
    };
    let mut turns = vec![turn(0, word)];
    // Pairs, so that the user has the last word.
    while document(turns.clone()).to_string().len() < SIZE {
        for _ in 0..2 {
            turns.push(turn(turns.len(), &word.repeat(3)));
        }
    }
    document(turns).to_string().into()
}
