use serde_json::json;
use weir_core::{chat::Answer, score::Unscored};

use super::*;
use crate::{Outcome, Reference, ScorerSpec, compile};

/// A command whose `_start` is `body`. `$say` writes a text that lies at `from`; `$hear` reads the input to 1024 and
/// gives its length.
fn module(body: &str, data: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 100) "{data}")
        (func $say (param $from i32) (param $length i32)
            (i32.store (i32.const 0) (local.get $from))
            (i32.store (i32.const 4) (local.get $length))
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
        (func $hear (result i32)
            (i32.store (i32.const 0) (i32.const 1024))
            (i32.store (i32.const 4) (i32.const 60000))
            (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.load (i32.const 8)))
        (func (export "_start") {body}))"#
    )
}

fn run(module: &str, answer: &str) -> Outcome {
    let spec = json!({"kind": "code_exec", "module": module, "fuel": 2_000_000, "memory_mb": 2});
    let answer = Answer { text: answer.into(), ..Answer::default() };
    let reference = Reference::expecting("yes");
    compile(&ScorerSpec::parse(&spec).unwrap()).unwrap().run(&Exchange::new(&[], &answer, Some(&reference)))
}

#[test]
fn the_last_line_of_the_output_is_the_verdict() {
    for (text, want) in [
        ("0.25", Some(0.25)),
        ("checking\\0a true\\0a\\0a", Some(1.0)),
        ("{\\22score\\22: 0.5, \\22reason\\22: \\22half\\22}", Some(0.5)),
        ("{\\22pass\\22: false}", Some(0.0)),
        ("1.5", None),
        ("-1", None),
        ("NaN", None),
        ("fine", None),
        ("{\\22score\\22: null}", None),
        ("\\ff", None),
    ] {
        let length = text.replace("\\0a", "n").replace("\\22", "q").replace("\\ff", "f").len();
        let outcome = run(&module(&format!("(call $say (i32.const 100) (i32.const {length}))"), text), "x");
        assert_eq!(outcome.value(), want, "{text}: {outcome:?}");
        assert!(want.is_some() || outcome.reason() == Some(Unscored::ScoringFailed));
    }
}

#[test]
fn it_hears_the_exchange_on_its_standard_input() {
    // {"answer":"… : the tenth byte of the input is the fourth of `answer`'s value.
    let body = "(drop (call $hear)) (if (i32.ne (i32.load8_u (i32.const 1035)) (i32.const 89)) (then (call $exit (i32.const 1))))";
    assert_eq!(run(&module(body, ""), "Yes").value(), Some(1.0));
    assert_eq!(run(&module(body, ""), "No").value(), Some(0.0));
}

#[test]
fn what_does_not_end_or_breaks_has_a_reason_and_never_a_grade() {
    for (body, reason, words) in [
        ("(loop (br 0))", Unscored::Timeout, "2000000 instructions"),
        ("(loop (drop (call $random (i32.const 0) (i32.const 65536))) (br 0))", Unscored::Timeout, "instructions"),
        ("(unreachable)", Unscored::ScoringFailed, "unreachable"),
        ("(drop (memory.grow (i32.const 1000)))", Unscored::ScoringFailed, "memory"),
        ("(drop (i32.load (i32.const 9000000)))", Unscored::ScoringFailed, "out of bounds"),
        ("(call $exit (i32.const 101))", Unscored::ScoringFailed, "exit code 101"),
        ("(loop (call $say (i32.const 0) (i32.const 60000)) (br 0))", Unscored::ScoringFailed, "bytes of output"),
        ("(call 6)", Unscored::ScoringFailed, "stack"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", Unscored::ScoringFailed, "zero"),
    ] {
        let outcome = run(&module(body, ""), "x");
        assert_eq!(outcome.reason(), Some(reason), "{body}: {outcome:?}");
        let why = outcome.explanation.unwrap_or_default();
        assert!(why.contains(words), "{body}: {why}");
    }
}

#[test]
fn a_module_that_wants_more_is_refused_at_load() {
    let compiled = |module: &str| {
        let spec = CodeExecSpec { module: Some(module.to_owned()), module_file: None, fuel: 1, memory_mb: 1 };
        spec.compile().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let socket = r#"(module (import "wasi_snapshot_preview1" "sock_send" (func)) (func (export "_start")))"#;
    assert!(compiled(socket).contains("sock_send"), "{}", compiled(socket));
    assert!(compiled("(module)").contains("_start"));
    assert!(compiled("(module (func").contains("not a WebAssembly module"));
    assert!(compiled("AGFzbQ==").contains("not a WebAssembly module"));
    assert!(compiled("?").contains("base64"));
    let no_fuel = CodeExecSpec { module: Some("(module)".into()), module_file: None, fuel: 0, memory_mb: 1 };
    assert!(no_fuel.compile().is_err());
}
