-- A shadow's answer is compared with the one beside it: found by the answer.
CREATE INDEX shadow_answer ON shadow (shadow_id) WHERE shadow_id IS NOT NULL;
