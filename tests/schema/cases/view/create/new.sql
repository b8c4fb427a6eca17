CREATE TABLE t (id int PRIMARY KEY, a text);CREATE VIEW v WITH (security_invoker=true) AS SELECT id FROM t;COMMENT ON VIEW v IS 'v';COMMENT ON COLUMN v.id IS 'i';GRANT SELECT ON v TO observer;
