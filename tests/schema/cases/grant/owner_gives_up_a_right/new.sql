CREATE TABLE t (id int PRIMARY KEY, a text);REVOKE DELETE ON t FROM ecosystem_owner;
