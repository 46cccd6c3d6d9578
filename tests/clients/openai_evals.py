"""The official OpenAI client's Evals against a running weir.

Usage: openai_evals.py ORIGIN KEY, where KEY opens the data plane.
"""

import sys
import time

import openai

import checks

BASE_URL, KEY = sys.argv[1] + "/v1", sys.argv[2]
EXACT = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "operation": "eq",
}
SCHEMA = {"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True}


def client():
    return openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=20)


def finished(evals, eval_id, run_id):
    """The run once it is over."""
    for _ in range(400):
        run = evals.runs.retrieve(run_id, eval_id=eval_id)
        if run.status not in ("queued", "in_progress"):
            return run
        time.sleep(0.05)
    raise AssertionError(run)


def recorded_samples_are_graded():
    evals = client().evals
    similar = {**EXACT, "type": "text_similarity", "name": "near", "evaluation_metric": "fuzzy_match", "pass_threshold": 0.5}
    del similar["operation"]
    made = evals.create(name="capitals", data_source_config=SCHEMA, testing_criteria=[EXACT, similar])
    assert evals.retrieve(made.id).name == "capitals"
    rows = [("Paris", "Paris"), ("Rome", "Rom"), ("Oslo", "Madrid")]
    content = [{"item": {"answer": answer}, "sample": {"output_text": said}} for answer, said in rows]
    source = {"type": "jsonl", "source": {"type": "file_content", "content": content}}
    run = finished(evals, made.id, evals.runs.create(made.id, name="first", data_source=source).id)
    assert run.status == "completed", run
    counts = run.result_counts
    assert (counts.total, counts.passed, counts.failed, counts.errored) == (3, 1, 2, 0), run
    by_name = {one.testing_criteria: (one.passed, one.failed) for one in run.per_testing_criteria_results}
    assert by_name == {"exact": (1, 2), "near": (2, 1)}, by_name
    items = list(evals.runs.output_items.list(run.id, eval_id=made.id))
    assert sorted(item.status for item in items) == ["fail", "fail", "pass"], items
    assert {result.name for result in items[0].results} == {"exact", "near"}, items[0]
    assert made.id in [one.id for one in evals.list()]
    assert evals.delete(made.id).deleted


def a_model_is_sampled_and_another_grades():
    evals = client().evals
    like = {**EXACT, "name": "says its name", "operation": "ilike", "reference": "{{item.answer}}"}
    made = evals.create(name="live", data_source_config=SCHEMA, testing_criteria=[like])
    source = {
        "type": "completions",
        "model": "sim/small",
        "source": {"type": "file_content", "content": [{"item": {"q": "say hello", "answer": "small"}}]},
        "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.q}}"}]},
    }
    run = finished(evals, made.id, evals.runs.create(made.id, name="live", data_source=source).id)
    assert run.result_counts.passed == 1, run
    assert run.per_model_usage[0].invocation_count == 1, run
    item = list(evals.runs.output_items.list(run.id, eval_id=made.id))[0]
    assert item.sample.input[0].content == "say hello" and "small" in item.sample.output[0].content.lower(), item


def python_is_refused_with_a_way_out():
    grader = {"type": "python", "name": "p", "source": "def grade(sample, item): return 1.0"}
    try:
        client().evals.create(name="x", data_source_config=SCHEMA, testing_criteria=[grader])
    except openai.BadRequestError as error:
        assert "multi" in str(error), error
    else:
        raise AssertionError("it was taken")


if __name__ == "__main__":
    checks.run(sys.modules[__name__], helpers=("client", "finished"))
