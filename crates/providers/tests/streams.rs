//! Streams without sockets: every row of the table of stream faults, and that chunking never shows.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::Value;
use weir_core::policy::FailureClass;
use weir_providers::{
    dialect::text::answer,
    sse::{MAX_EVENT_BYTES, Reader, TooLarge},
    stream::{ChatStream, Step, StreamEnd, StreamFailure},
};

const ROLE: &str = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#;
const STOP: &str = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#;
const DONE: &str = "data: [DONE]";

fn says(text: &str) -> String {
    let text = Value::from(text);
    format!(r#"data: {{"choices":[{{"index":0,"delta":{{"content":{text}}},"finish_reason":null}}]}}"#)
}

fn events(events: &[&str]) -> String {
    events.iter().map(|event| format!("{event}\n\n")).collect()
}

struct Run {
    /// Before `end`.
    out: Bytes,
    /// By `end`.
    tail: Bytes,
    end: StreamEnd,
    step: Step,
    stream: ChatStream,
}

fn run(input: &[u8], chunk: usize, usage_asked: bool) -> Run {
    let mut stream = ChatStream::new(usage_asked);
    let mut out = BytesMut::new();
    let mut step = Step::More;
    for piece in input.chunks(chunk.max(1)) {
        step = stream.push(piece, &mut out);
        if step != Step::More {
            break;
        }
    }
    let mut tail = BytesMut::new();
    let end = stream.end(Some(r#"{"cost_usd":0.5}"#), &mut tail);
    Run { out: out.freeze(), tail: tail.freeze(), end, step, stream }
}

fn text(run: &Run) -> String {
    answer(&[&*run.out, &*run.tail].concat()).text
}

#[test]
fn b1_odd_but_legal_streams_are_invisible() {
    let hello = "héllo 👋🏽 世界";
    let (a, b) = (says(hello), says(" end"));
    let plain = events(&[ROLE, &a, &b, STOP, DONE]);
    let crlf = plain.replace('\n', "\r\n");
    let cr = plain.replace('\n', "\r");
    let bom = format!("\u{feff}{plain}");
    let no_space = plain.replace("data: ", "data:");
    let comments = plain.replace("data: {", ": ping\n\n: pong\ndata: {");
    let fields = plain.replace("data: {", "id: 7\nretry: 10\nevent: chunk\nfoo: bar\ndata: {");
    let split = plain.replace("{\"choices\":", "{\"choices\":\ndata: ");
    let gaps = plain.replace("\n\n", "\n\n\n\n");
    let trailing = format!("{plain}garbage after the end");
    for (name, input) in [
        ("plain", plain.clone()),
        ("crlf", crlf),
        ("cr", cr),
        ("bom", bom),
        ("no space", no_space),
        ("comments", comments),
        ("fields", fields),
        ("split data", split),
        ("gaps", gaps),
        ("trailing", trailing),
    ] {
        for chunk in [1, 2, 3, 7, 64, 1 << 20] {
            let run = run(input.as_bytes(), chunk, false);
            assert_eq!(run.end, StreamEnd::Finished, "{name} by {chunk}");
            assert_eq!(text(&run), format!("{hello} end"), "{name} by {chunk}");
        }
    }
    // As received means as received.
    let whole = run(plain.as_bytes(), 1, false);
    assert_eq!([&*whole.out, &*whole.tail].concat(), plain.as_bytes());
}

#[test]
fn b1_a_last_event_without_its_blank_line_counts() {
    for input in [
        format!("{}{STOP}", events(&[ROLE, &says("a")])),
        format!("{}{STOP}\n", events(&[ROLE, &says("a")])),
        format!("{}{DONE}", events(&[ROLE, &says("a"), STOP])),
    ] {
        let run = run(input.as_bytes(), 1, false);
        assert_eq!((run.end.clone(), text(&run)), (StreamEnd::Finished, "a".into()), "{input}");
        let all = [&*run.out, &*run.tail].concat();
        assert!(all.ends_with(b"\n\ndata: [DONE]\n\n"));
    }
}

#[test]
fn b2_exactly_one_done_and_no_waiting_behind_it() {
    let body = events(&[ROLE, &says("a"), STOP]);
    let lingering = format!("{body}{DONE}\n\n");
    let twice = format!("{lingering}{DONE}\n\n");
    for input in [&body, &lingering, &twice] {
        let run = run(input.as_bytes(), 1, false);
        assert_eq!(run.end, StreamEnd::Finished);
        let all = String::from_utf8([&*run.out, &*run.tail].concat()).unwrap();
        assert_eq!(all.matches("[DONE]").count(), 1);
    }
    assert_eq!(run(lingering.as_bytes(), 1, false).step, Step::Done);
}

#[test]
fn b3_a_cut_stream_is_a_failure_without_done() {
    let (a, b) = (says("one"), says(" two"));
    let whole = events(&[ROLE, &a, &b]);
    let cut = |at: usize| whole.get(..at).unwrap().to_owned();
    for (input, failure) in [
        (String::new(), StreamFailure::Empty),
        (events(&[ROLE]), StreamFailure::Empty),
        (events(&[DONE]), StreamFailure::Empty),
        (": ping\n\n".into(), StreamFailure::Empty),
        (whole.clone(), StreamFailure::Cut),
        (cut(whole.len() - 1), StreamFailure::Cut),
        (cut(whole.len() - 20), StreamFailure::Cut),
        (format!("{whole}data: {{\"choices\":[{{]\n\n"), StreamFailure::NotJson),
        (format!("{whole}data: null\n\n"), StreamFailure::NotJson),
        (format!("{whole}data: hello\n\n"), StreamFailure::NotJson),
    ] {
        for chunk in [1, 5, 1 << 20] {
            let run = run(input.as_bytes(), chunk, true);
            assert_eq!(run.end, StreamEnd::Failed(failure.clone()), "{input}");
            let all = [&*run.out, &*run.tail].concat();
            assert!(!String::from_utf8_lossy(&all).contains("[DONE]"));
            assert_eq!(FailureClass::from(&failure), FailureClass::InvalidOutput);
        }
    }
    let partial = run(whole.as_bytes(), 9, true);
    let usage = partial.stream.usage(11);
    assert!(usage.estimated && usage.input == 11 && usage.output == 2, "{usage:?}");
    assert!(partial.stream.started());
}

#[test]
fn b3_invalid_utf8_in_the_middle_is_a_failure() {
    let mut input = events(&[ROLE, &says("a")]).into_bytes();
    input.extend_from_slice(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n");
    input.extend_from_slice(events(&[STOP, DONE]).as_bytes());
    let run = run(&input, 3, false);
    assert_eq!(run.end, StreamEnd::Failed(StreamFailure::NotJson));
}

#[test]
fn a_stream_that_lost_its_connection_after_the_finish_reason_is_whole() {
    let run = run(events(&[ROLE, &says("a"), STOP]).as_bytes(), 4, false);
    assert_eq!(run.end, StreamEnd::Finished);
    assert_eq!(run.stream.finish_reason(), Some("stop"));
}

#[test]
fn b4_an_error_before_the_first_token_leaves_nothing_written() {
    let error = r#"data: {"error":{"message":"overloaded","type":"server_error","code":529}}"#;
    for input in [events(&[error]), events(&[": hi", ROLE, error])] {
        let run = run(input.as_bytes(), 1, false);
        assert!(run.out.is_empty() && run.tail.is_empty() && !run.stream.started());
        let StreamEnd::Failed(failure) = run.end else { panic!() };
        assert!(matches!(failure, StreamFailure::Error(_)));
        assert_eq!(FailureClass::from(&failure), FailureClass::ServerError);
    }
}

#[test]
fn b5_an_error_after_tokens_ends_the_stream_there() {
    let error = r#"data: {"error":{"message":"boom","type":"rate_limit_error"}}"#;
    let run = run(events(&[ROLE, &says("a"), error, STOP, DONE]).as_bytes(), 1, false);
    assert_eq!(text(&run), "a");
    assert!(run.tail.is_empty());
    let StreamEnd::Failed(failure) = run.end else { panic!() };
    assert_eq!(FailureClass::from(&failure), FailureClass::RateLimit);
}

#[test]
fn b9_an_event_over_the_bound_is_an_error_not_memory() {
    let mut reader = Reader::with_max(100);
    reader.push(&[b'x'; 101]);
    assert_eq!(reader.next_event(), Err(TooLarge));
    let big = format!("data: {{\"x\":\"{}\"}}\n\n", "a".repeat(MAX_EVENT_BYTES));
    for chunk in [1 << 16, 1 << 30] {
        let run = run(big.as_bytes(), chunk, false);
        assert_eq!(run.end, StreamEnd::Failed(StreamFailure::TooLarge));
    }
}

#[test]
fn the_usage_chunk_is_for_those_who_asked_and_carries_the_cost() {
    let input = events(&[ROLE, &says("a"), STOP, USAGE, DONE]);
    let silent = run(input.as_bytes(), 1, false);
    assert_eq!(silent.tail, "data: [DONE]\n\n");
    assert!(!String::from_utf8_lossy(&silent.out).contains("usage"));
    assert_eq!((silent.stream.usage(0).input, silent.stream.usage(0).output), (7, 3));

    let asked = run(input.as_bytes(), 1, true);
    let cost = USAGE.replace("10}}", r#"10},"weir":{"cost_usd":0.5}}"#);
    assert_eq!(asked.tail, events(&[&cost, DONE]));
}

#[test]
fn b10_insane_usage_in_a_stream_is_replaced_by_an_estimate() {
    let insane = r#"data: {"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":1e18}}"#;
    let run = run(events(&[ROLE, &says("a word"), STOP, insane, DONE]).as_bytes(), 64, false);
    let usage = run.stream.usage(9);
    assert!(usage.estimated && usage.input == 9 && usage.output == 1, "{usage:?}");
}

#[test]
fn tool_calls_reasoning_and_empty_answers_count_as_an_answer() {
    let call = r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}}]}"#;
    let thought = r#"data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#;
    for said in [call, thought] {
        let mut stream = ChatStream::new(false);
        let mut out = BytesMut::new();
        stream.push(events(&[ROLE]).as_bytes(), &mut out);
        assert!(out.is_empty());
        stream.push(events(&[said]).as_bytes(), &mut out);
        assert_eq!(out, events(&[ROLE, said]));
    }
    let empty = run(events(&[ROLE, STOP, DONE]).as_bytes(), 1, false);
    assert_eq!(empty.end, StreamEnd::Finished);
}

fn stream_bytes() -> impl Strategy<Value = Vec<u8>> {
    let event = prop_oneof![
        4 => any::<String>().prop_map(|text| says(&text)),
        1 => Just(ROLE.to_owned()),
        1 => Just(STOP.to_owned()),
        1 => Just(USAGE.to_owned()),
        1 => Just(DONE.to_owned()),
        1 => Just(": comment".to_owned()),
        1 => Just("event: x\nid: 1".to_owned()),
        1 => Just(String::new()),
        1 => "[ -~]{0,20}",
    ];
    let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    (prop::collection::vec(event, 0..8), ending, any::<bool>(), 0_usize..4).prop_map(|(events, ending, bom, cut)| {
        let mut text: String = events.iter().map(|event| format!("{event}\n\n")).collect();
        text = text.replace('\n', ending);
        if bom {
            text.insert(0, '\u{feff}');
        }
        let mut bytes = text.into_bytes();
        bytes.truncate(bytes.len().saturating_sub(cut));
        bytes
    })
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_bytes_and_the_same_end(
        input in stream_bytes(),
        chunk in 1_usize..40,
        asked in any::<bool>(),
    ) {
        let whole = run(&input, usize::MAX, asked);
        let pieces = run(&input, chunk, asked);
        let bytes = |run: &Run| [&*run.out, &*run.tail].concat();
        prop_assert_eq!(bytes(&whole), bytes(&pieces));
        prop_assert_eq!(&whole.end, &pieces.end);
        prop_assert_eq!(whole.stream.usage(5), pieces.stream.usage(5));
        prop_assert_eq!(bytes(&whole).ends_with(b"data: [DONE]\n\n"), whole.end == StreamEnd::Finished);
    }

    #[test]
    fn no_bytes_make_the_stream_panic(input in prop::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..20) {
        let run = run(&input, chunk, true);
        prop_assert!(run.end != StreamEnd::Finished || run.stream.started());
    }
}

#[test]
fn tool_calls_and_log_probabilities_are_read_whole_and_in_pieces() {
    let whole = r#"{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}},7]},
        "logprobs":{"content":[{"logprob":-0.5},{}]}}]}"#;
    let streamed = concat!(
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":\"}}]},\"logprobs\":{\"content\":[{\"logprob\":-0.5}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}},{\"index\":99999999}]}}]}\n\n",
    );
    for body in [whole, streamed] {
        let answer = answer(body.as_bytes());
        let call = answer.tool_calls.first().unwrap();
        assert_eq!((call.name.as_str(), call.arguments.as_str()), ("f", "{\"a\":1}"), "{body}");
        assert_eq!(answer.logprobs, [-0.5]);
    }
}
