"""The official OpenAI client's Evals against a running weir.

Usage: openai_evals.py ORIGIN KEY, where KEY opens the data plane.
"""

import io
import json
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


def a_file_is_uploaded_and_its_rows_are_graded():
    files, evals = client().files, client().evals
    rows = [{"item": {"answer": answer}, "sample": {"output_text": "Oslo"}} for answer in ("Oslo", "Rome", "Bern")]
    text = "\n".join(json.dumps(row) for row in rows)
    file = files.create(
        file=("rows.jsonl", io.BytesIO(text.encode())),
        purpose="evals",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert (file.filename, file.bytes, file.expires_at - file.created_at) == ("rows.jsonl", len(text), 3600), file
    assert files.retrieve(file.id).id == file.id and files.content(file.id).read().decode() == text
    assert file.id in [one.id for one in files.list(purpose="evals")]
    assert file.id not in [one.id for one in files.list(purpose="batch")]
    made = evals.create(name="of a file", data_source_config=SCHEMA, testing_criteria=[EXACT])
    source = {"type": "jsonl", "source": {"type": "file_id", "id": file.id}}
    run = finished(evals, made.id, evals.runs.create(made.id, name="file", data_source=source).id)
    assert (run.status, run.result_counts.total, run.result_counts.passed) == ("completed", 3, 1), run
    assert files.delete(file.id).deleted
    try:
        evals.runs.create(made.id, name="gone", data_source=source)
    except openai.BadRequestError as error:
        assert "upload it" in str(error), error
    else:
        raise AssertionError("a file that is gone was taken")


def lists_come_in_pages_of_either_order_and_of_one_status():
    evals = client().evals
    made = evals.create(name="pages", data_source_config=SCHEMA, testing_criteria=[EXACT])
    content = [{"item": {"answer": str(n % 2)}, "sample": {"output_text": "0"}} for n in range(5)]
    source = {"type": "jsonl", "source": {"type": "file_content", "content": content}}
    runs = [finished(evals, made.id, evals.runs.create(made.id, data_source=source).id).id for _ in range(3)]
    listed = lambda **query: [run.id for run in evals.runs.list(made.id, **query)]
    assert listed(order="asc", limit=1) == runs and listed(order="desc", limit=2) == runs[::-1]
    assert listed(status="completed") == runs and listed(status="failed") == []
    items = lambda **query: list(evals.runs.output_items.list(runs[0], eval_id=made.id, limit=2, **query))
    assert [len(items()), len(items(status="pass")), len(items(status="fail"))] == [5, 3, 2]
    assert [item.id for item in items(order="desc")] == [item.id for item in items(order="asc")][::-1]


def graders_are_validated_and_run():
    graders = client().fine_tuning.alpha.graders
    assert graders.validate(grader=EXACT).grader.name == "exact"
    ran = graders.run(grader=EXACT, model_sample="Oslo", item={"answer": "Oslo"})
    assert ran.reward == 1.0 and ran.metadata.type == "string_check", ran
    assert graders.run(grader=EXACT, model_sample="Rome", item={"answer": "Oslo"}).reward == 0.0
    near = {"type": "text_similarity", "name": "near", "evaluation_metric": "fuzzy_match",
            "input": "{{sample.output_text}}", "reference": "{{item.answer}}"}
    multi = {"type": "multi", "name": "both", "graders": {"exact": EXACT, "near": near}, "calculate_output": "(exact + near) / 2"}
    ran = graders.run(grader=multi, model_sample="Osla", item={"answer": "Oslo"})
    assert abs(ran.reward - 0.375) < 1e-9 and ran.sub_rewards == {"exact": 0.0, "near": 0.75}, ran
    broken = graders.run(grader=EXACT, model_sample="x", item={})
    assert broken.reward is None and broken.metadata.errors.invalid_variable_error, broken
    judge = {"type": "score_model", "name": "judge", "model": "sim/small", "input": [{"role": "user", "content": "{{sample.output_text}}"}]}
    judged = graders.run(grader=judge, model_sample="x", item={})
    assert 0 <= judged.reward <= 1 and judged.metadata.sampled_model_name == "sim/small", judged
    assert list(judged.api_model_grader_token_usage_per_model) == ["sim/small"] and judged.metadata.token_usage > 0, judged
    nobody = graders.run(grader={**judge, "model": "sim/none"}, model_sample="x", item={})
    assert nobody.reward is None and nobody.metadata.errors.model_grader_server_error, nobody
    python = {"type": "python", "name": "p", "source": "def grade(sample, item): return 1.0"}
    for call in (lambda: graders.validate(grader=python), lambda: graders.run(grader=python, model_sample="x", item={})):
        try:
            call()
        except openai.BadRequestError as error:
            assert "multi" in str(error), error
        else:
            raise AssertionError("it was taken")


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
