-- Runs that are to be cancelled: `cancelIngest` may be asked of another process than the one that works on the run.
-- ORDER BY serves that one, which looks for its own runs every second.
CREATE TABLE IF NOT EXISTS run_cancellations
(
    run_id       UUID,
    workspace    LowCardinality(String),
    requested_by String,
    requested_at DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree
ORDER BY run_id
TTL requested_at + INTERVAL 1 DAY;
