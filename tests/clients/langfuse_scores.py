"""The official Langfuse client against a running weir: scores and their scales, annotation queues, datasets.

Usage: langfuse_scores.py ORIGIN KEY ADMIN, where KEY opens the data plane and ADMIN all of it, datasets with it.
"""

import json
import sys
import time
import urllib.request

from langfuse import Langfuse

import checks

ORIGIN, KEY, ADMIN = sys.argv[1], sys.argv[2], sys.argv[3]


def client(key=KEY):
    return Langfuse(public_key="pk-" + key, secret_key=key, host=ORIGIN, timeout=20)


def ask():
    """One chat completion; its trace and span."""
    body = json.dumps({"model": "sim/small", "messages": [{"role": "user", "content": "say hello"}]}).encode()
    request = urllib.request.Request(ORIGIN + "/v1/chat/completions", body)
    request.add_header("authorization", "Bearer " + KEY)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as reply:
        return reply.headers["x-weir-trace-id"], reply.headers["x-weir-span-id"]


def found(langfuse, **query):
    """The scores of a query, once there are any."""
    for _ in range(100):
        scores = langfuse.api.scores.get_many(**query)
        if scores.data:
            return scores.data
        time.sleep(0.05)
    raise AssertionError(query)


def the_keys_open_a_project():
    assert client().auth_check()


def a_score_of_a_trace_is_kept_and_read_back():
    langfuse = client()
    trace, _ = ask()
    langfuse.create_score(name="helpful", value=0.75, trace_id=trace, comment="clear")
    langfuse.flush()
    score = found(langfuse, trace_id=trace, fields="details,subject")[0]
    assert (score.name, score.value, score.comment) == ("helpful", 0.75, "clear"), score
    assert score.subject.kind == "trace" and score.subject.id == trace, score


def words_and_truths_keep_their_type():
    langfuse = client()
    trace, _ = ask()
    langfuse.create_score(name="mood", value="kind", trace_id=trace, data_type="CATEGORICAL")
    langfuse.create_score(name="solved", value=1, trace_id=trace, data_type="BOOLEAN")
    langfuse.flush()
    assert found(langfuse, trace_id=trace, name="mood")[0].value == "kind"
    assert found(langfuse, trace_id=trace, name="solved")[0].value is True


def a_scale_is_made_and_read_back():
    langfuse = client()
    made = langfuse.api.score_configs.create(name="stars", data_type="NUMERIC", min_value=1, max_value=5)
    read = langfuse.api.score_configs.get_by_id(made.id)
    assert (read.name, read.min_value, read.max_value) == ("stars", 1, 5), read
    assert made.id in [config.id for config in langfuse.api.score_configs.get().data]


def a_queue_holds_what_waits_for_people():
    api = client().api
    config = api.score_configs.create(name="kind", data_type="BOOLEAN")
    queue = api.annotation_queues.create_queue(name="to look at", score_config_ids=[config.id])
    assert queue.id in [one.id for one in api.annotation_queues.list_queues().data]
    trace, _ = ask()
    item = api.annotation_queues.create_queue_item(queue.id, object_id=trace, object_type="TRACE")
    assert item.status == "PENDING" and item.completed_at is None, item
    done = api.annotation_queues.update_queue_item(queue.id, item.id, status="COMPLETED")
    assert done.status == "COMPLETED" and done.completed_at is not None, done
    assert api.annotation_queues.list_queue_items(queue.id, status="PENDING").data == []
    assert api.annotation_queues.delete_queue_item(queue.id, item.id).success


def items_of_a_dataset_are_written_and_read_back_in_their_own_shape():
    langfuse = client(ADMIN)
    langfuse.create_dataset(name="capitals", description="one each", metadata={"from": "atlas"})
    given = {"question": "The capital of France?", "hint": "a river"}
    langfuse.create_dataset_item(dataset_name="capitals", id="fr", input=given, expected_output={"answer": "Paris"})
    langfuse.create_dataset_item(dataset_name="capitals", input="The capital of Italy?", expected_output="Rome", metadata={"n": 2})
    dataset = langfuse.get_dataset("capitals")
    assert (dataset.description, dataset.metadata) == ("one each", {"from": "atlas"}), dataset
    shapes = [(item.input, item.expected_output, item.metadata) for item in dataset.items]
    assert shapes == [(given, {"answer": "Paris"}, None), ("The capital of Italy?", "Rome", {"n": 2})], shapes
    langfuse.create_dataset_item(dataset_name="capitals", id="fr", input=given, expected_output={"answer": "Lyon"})
    assert langfuse.api.dataset_items.get("fr").expected_output == {"answer": "Lyon"}
    langfuse.api.dataset_items.delete("fr")
    assert [item.input for item in langfuse.get_dataset("capitals").items] == ["The capital of Italy?"]


if __name__ == "__main__":
    checks.run(sys.modules[__name__], helpers=("client", "ask", "found"))
