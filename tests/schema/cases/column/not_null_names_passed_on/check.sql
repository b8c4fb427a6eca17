SELECT (SELECT name = 'a' FROM renamed) AND (SELECT name = 'a' FROM becomes_not_null) AND (SELECT id = 'a' AND last = 1 FROM kept);
