-- Who reads: the owner of whatever is made without a word about its owner.
SELECT current_user::text AS name, current_setting('server_version_num')::int >= 180000 AS names_not_null;
