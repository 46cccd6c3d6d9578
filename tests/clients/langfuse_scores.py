"""The official Langfuse client against a running weir: scores, their scales, and traces of other programs.

Usage: langfuse_scores.py ORIGIN KEY, where KEY opens the data plane.
"""

import json
import sys
import time
import urllib.request

from langfuse import Langfuse

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]


def client():
    return Langfuse(public_key="pk-any", secret_key=KEY, host=ORIGIN, timeout=20)


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


if __name__ == "__main__":
    checks.run(sys.modules[__name__], helpers=("client", "ask", "found"))
