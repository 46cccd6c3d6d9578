-- Who rejected a policy diff, why and when; empty unless somebody did.
ALTER TABLE policy_diff ADD COLUMN decided_by TEXT;
ALTER TABLE policy_diff ADD COLUMN decided_why TEXT;
ALTER TABLE policy_diff ADD COLUMN decided_at INTEGER;
