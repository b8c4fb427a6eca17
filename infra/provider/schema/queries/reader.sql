-- Who reads: the owner of whatever is made without a word about its owner.
SELECT current_user::text AS name;
