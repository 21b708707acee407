-- A row per alert that a row alone tells of, in a timeline without any other event.
WITH eventful AS (
    SELECT DISTINCT timeline FROM store.alert_events WHERE kind <> 'row'
)
SELECT plain.* FROM store.plain ANTI JOIN eventful USING (timeline)
