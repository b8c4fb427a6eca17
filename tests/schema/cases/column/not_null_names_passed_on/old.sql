-- What a column that was renamed leaves behind: NOT NULLs named after a column that comes again.
CREATE TABLE renamed (id text NOT NULL);
ALTER TABLE renamed RENAME COLUMN id TO name;

CREATE TABLE becomes_not_null (id text NOT NULL);
ALTER TABLE becomes_not_null RENAME COLUMN id TO name;
ALTER TABLE becomes_not_null ADD COLUMN id uuid;

CREATE TABLE kept (id text NOT NULL, other text CONSTRAINT theirs NOT NULL, gone int CONSTRAINT gone NOT NULL);
