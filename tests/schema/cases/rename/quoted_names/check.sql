SELECT "New Column" = 1 AND "from" = 'x' FROM "New Table";
