-- An alarm that is over and was seen stands as long as it is on a shelf. Before that was so it was put down as closed.
UPDATE alarms SET open = 1
WHERE open = 0 AND CASE WHEN json_valid(body) THEN json_extract(body, '$.shelved_until') IS NOT NULL ELSE 0 END;
