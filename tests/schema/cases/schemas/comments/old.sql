CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'who did what';
CREATE TABLE audit.t (a int CONSTRAINT k UNIQUE, b int NOT NULL);
COMMENT ON TABLE audit.t IS 'old';
