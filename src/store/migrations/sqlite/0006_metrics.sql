-- Deals that were closed or opened again since some time, for metrics; moves have their index already.
CREATE INDEX events_outcomes ON events (at) WHERE kind = 'outcome_changed';
