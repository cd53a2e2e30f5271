-- A start must not read what ever happened. The newest wall instant is kept where the clock has stepped back since,
-- and the newest tasks are found without a scan.
INSERT INTO meta SELECT 'wall_high_water', coalesce(max(wall), 0) FROM timeline;
CREATE INDEX tasks_by_age ON tasks (created_at);
