CREATE TABLE t (e extensions.vector(3) , f extensions.vector(384));CREATE INDEX t_f ON t USING hnsw (f extensions.vector_cosine_ops) WITH (m = 8);
