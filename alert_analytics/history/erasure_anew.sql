-- A fingerprint that was computed of an alert's labels is the one of its new labels, in all events of the timeline.
UPDATE after SET fingerprint = anew.fingerprint FROM anew WHERE after.timeline = anew.timeline
