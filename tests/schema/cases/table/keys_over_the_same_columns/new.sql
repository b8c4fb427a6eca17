CREATE TABLE there (id int);
CREATE TABLE workers (id int, name text, CONSTRAINT workers_pkey PRIMARY KEY (id));
ALTER TABLE workers ADD CONSTRAINT a_key UNIQUE (id);
ALTER TABLE workers ADD CONSTRAINT by_name UNIQUE (name);
ALTER TABLE workers ADD CONSTRAINT by_name_again UNIQUE (name);
ALTER TABLE workers ADD CONSTRAINT by_name_later UNIQUE (name) DEFERRABLE;
ALTER TABLE workers ADD CONSTRAINT by_name_once UNIQUE NULLS NOT DISTINCT (name);
