-- The events that the log lacked.
INSERT INTO store.alert_events BY NAME FROM added
