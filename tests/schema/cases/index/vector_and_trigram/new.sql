CREATE TABLE t (e extensions.vector(3), s text);
CREATE INDEX t_hnsw ON t USING hnsw (e extensions.vector_cosine_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX t_ivf ON t USING ivfflat (e extensions.vector_l2_ops) WITH (lists = 10);
CREATE INDEX t_trgm ON t USING gin (s extensions.gin_trgm_ops);
CREATE INDEX t_brin ON t USING brin (s) WITH (pages_per_range = 8);
CREATE INDEX t_hash ON t USING hash (s);
