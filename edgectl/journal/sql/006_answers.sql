-- A request of the centre is answered once: its answer is found by its name.
CREATE INDEX answers ON timeline (json_extract(body, '$.details.request_id'))
WHERE event_type = 'CENTRE_REQUEST_ANSWERED';
